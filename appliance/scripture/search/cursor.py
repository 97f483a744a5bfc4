"""Where the next page of a search begins, as a word that callers hand back."""

import base64
import binascii

import msgspec

from appliance.errors import Refused

MAX_OFFSET = 100_000


class CursorInvalid(Refused):
    """The cursor is not one that a search handed out."""


class _Cursor(msgspec.Struct, frozen=True):
    offset: int


def encode_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(offset))).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int:
    """The offset that a cursor stands for, 0 for none. Raises CursorInvalid."""
    if not cursor:
        return 0
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        offset = msgspec.json.decode(decoded, type=_Cursor).offset
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise CursorInvalid(
            "The cursor is not one that a search handed out.",
            remedy="Use `next_cursor` of the page before, or none.",
        ) from error
    if not 0 <= offset <= MAX_OFFSET:
        raise CursorInvalid(
            "The cursor points beyond the results.", remedy="Use `next_cursor` of the page before, or none."
        )
    return offset
