"""API tokens for programs."""

from collections.abc import Collection

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.names import MAX_NAME
from appliance.community.accounts.permissions import Permission, permits
from appliance.community.accounts.person import ApiToken, NameInvalid, Person, ScopeInvalid, TokenNotFound
from appliance.community.accounts.secret_tokens import API_PREFIX, fingerprint, new_token
from appliance.infrastructure.database import UnitOfWork

DAY_S = 86_400.0
TOUCH_EVERY_S = 300.0


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token, which is shown only once."""

    token: str
    details: ApiToken


def create_token(
    work: UnitOfWork,
    *,
    person: Person,
    name: str,
    scopes: Collection[Permission],
    days: float | None,
    now: float,
) -> NewToken:
    """Create a token. It cannot have more permissions than its owner. Raises NameInvalid or ScopeInvalid."""
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME:
        raise NameInvalid("A token name must have 1 to 60 characters.", remedy="For example: Terminal on my laptop.")
    requested = frozenset(scopes)
    possible = [scope for scope in Permission if permits(person.role, scope, guests_may_read=True)]
    forbidden = requested.difference(possible)
    if not requested or forbidden:
        names = ", ".join(sorted(forbidden))
        raise ScopeInvalid(
            f"Your role does not permit these scopes: {names}." if names else "The token has no scopes.",
            remedy=f"Choose from {', '.join(possible)}.",
        )
    token = new_token(API_PREFIX)
    row = {
        "fingerprint": fingerprint(token),
        "person": person.id,
        "name": name,
        "scopes": " ".join(sorted(requested)),
        "now": now,
        "expires_at": now + days * DAY_S if days else None,
    }
    work.execute(store.INSERT_TOKEN, row)
    details = store.token_of(work.execute(store.SELECT_TOKEN, (work.last_insert_id,))[0])
    return NewToken(token=token, details=details)


def is_due(token: ApiToken, now: float) -> bool:
    """Return True if the time of last use must be stored again. This happens at most once every five minutes."""
    return token.used_at is None or now - token.used_at >= TOUCH_EVERY_S


def touch(work: UnitOfWork, token: ApiToken, *, now: float) -> None:
    """Store the current time as the token's last use."""
    work.execute(store.TOUCH_TOKEN, {"token": token.id, "now": now})


def remove_token(work: UnitOfWork, *, person: int, token: int, now: float) -> None:
    """Remove a token of a person. Raises TokenNotFound."""
    work.execute(store.DELETE_TOKEN, {"token": token, "person": person})
    if not work.changes:
        raise TokenNotFound("You have no token with this number.", remedy="Reload the list of tokens.")
    append_access_changed(work, person, now=now)
