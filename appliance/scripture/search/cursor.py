"""The position of the next page of a search, as an opaque string. Clients send the string back to get that page."""

import base64
import binascii

import msgspec

from appliance.errors import Refused

MAX_OFFSET = 100_000
REMEDY = "Use `next_cursor` of the previous page, or leave the cursor out."


class CursorInvalid(Refused):
    """No search created this cursor."""


class _Cursor(msgspec.Struct, frozen=True):
    offset: int


def encode_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(offset))).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int:
    """Return the offset that a cursor contains, or 0 if there is no cursor. Raises CursorInvalid."""
    if not cursor:
        return 0
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        offset = msgspec.json.decode(decoded, type=_Cursor).offset
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise CursorInvalid("The cursor is invalid.", remedy=REMEDY) from error
    if not 0 <= offset <= MAX_OFFSET:
        raise CursorInvalid("The cursor points beyond the results.", remedy=REMEDY)
    return offset
