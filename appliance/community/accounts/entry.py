"""Writes: what lets others in — class codes of leaders, API tokens of programs."""

import time
from collections.abc import Collection

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.permissions import Permission, Role, permits
from appliance.community.accounts.person import (
    ApiToken,
    ClassCode,
    ClassCodeNotFound,
    NameInvalid,
    NotAllowed,
    Person,
    ScopeInvalid,
    TokenNotFound,
)
from appliance.community.accounts.secret_tokens import API_PREFIX, fingerprint, new_code, new_token, plain_code
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import append_event

CLASS_CODE_LENGTH = 6
MOST_NAME = 60
MOST_HOURS = 24 * 120
DAY_S = 86_400.0
TOUCH_EVERY_S = 300.0


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is shown, once."""

    token: str
    details: ApiToken


def open_class(database: Database, *, leader: Person, name: str, hours: float) -> ClassCode:
    """A code by which people join with their name, for some hours. Raises NameInvalid."""
    name, now = " ".join(name.split()), time.time()
    if not 0 < hours <= MOST_HOURS:
        raise NameInvalid(f"A class is open for at most {MOST_HOURS // 24} days.", remedy="Open another then.")
    if not 0 < len(name) <= MOST_NAME:
        raise NameInvalid("A class needs a name of 1 to 60 letters.", remedy="Such as: Sunday evening.")
    row = {"code": plain_code(new_code(CLASS_CODE_LENGTH)), "name": name, "opened_by": leader.id, "now": now}
    with database.write() as work:
        work.execute(store.INSERT_CLASS, row | {"expires_at": now + hours * 3600})
        opened = store.class_of(work.execute(store.SELECT_CLASS, (work.last_insert_id,))[0])
        append_event(work, "class.opened", {"id": opened.id, "name": opened.name}, "leaders")
        work.commit()
    return opened


def close_class(database: Database, class_id: int, *, leader: Person, sign_out: bool = False) -> ClassCode:
    """Let nobody join by a code any more; with `sign_out`, those who have nothing but that code have to leave.

    Leaders close their own classes, administrators any. Raises ClassCodeNotFound or NotAllowed.
    """
    with database.write() as work:
        work.execute(store.REVOKE_CLASS, (time.time(), class_id))
        rows = work.execute(store.SELECT_CLASS, (class_id,))
        if not rows:
            raise ClassCodeNotFound("There is no such class.", remedy="Look at the list of classes again.")
        if store.class_of(rows[0]).opened_by != leader.id and leader.role is not Role.ADMINISTRATOR:
            raise NotAllowed("Another leader opened this class.", remedy="They, or an administrator, can close it.")
        if sign_out:
            work.execute(store.DELETE_SESSIONS_OF_CLASS, (class_id,))
            work.execute(store.DELETE_TOKENS_OF_CLASS, (class_id,))
            for (person,) in work.execute(store.SELECT_ONLY_OF_CLASS, (class_id,)):
                append_access_changed(work, person)
        append_event(work, "class.closed", {"id": class_id}, "leaders")
        work.commit()
    return store.class_of(rows[0])


def create_token(
    database: Database, *, person: Person, name: str, scopes: Collection[Permission], days: float | None
) -> NewToken:
    """A token for a program, that may do no more than its owner. Raises NameInvalid or ScopeInvalid."""
    name, now = " ".join(name.split()), time.time()
    if not 0 < len(name) <= MOST_NAME:
        raise NameInvalid("A token needs a name of 1 to 60 letters.", remedy="Such as: terminal on my laptop.")
    wanted = frozenset(scopes)
    beyond = [each for each in wanted if not permits(person.role, each, guests_may_read=True)]
    if not wanted or beyond:
        raise ScopeInvalid(
            f"This token cannot be given {', '.join(sorted(beyond)) or 'nothing'}.",
            remedy=f"Choose among {', '.join(each for each in Permission if permits(person.role, each, guests_may_read=True))}.",
        )
    token = new_token(API_PREFIX)
    row = {
        "fingerprint": fingerprint(token),
        "person": person.id,
        "name": name,
        "scopes": " ".join(sorted(wanted)),
        "now": now,
        "expires_at": now + days * DAY_S if days else None,
    }
    with database.write() as work:
        work.execute(store.INSERT_TOKEN, row)
        details = store.token_of(work.execute(store.SELECT_TOKEN, (work.last_insert_id,))[0])
        work.commit()
    return NewToken(token=token, details=details)


def is_due(token: ApiToken) -> bool:
    """Whether the use of a token is to be noted: after a few minutes without a note."""
    return token.used_at is None or time.time() - token.used_at >= TOUCH_EVERY_S


def touch_token(database: Database, token: ApiToken) -> None:
    """Note that a token is used."""
    with database.write() as work:
        work.execute(store.TOUCH_TOKEN, (time.time(), token.id))
        work.commit()


def remove_token(database: Database, *, person: int, token: int) -> None:
    """Raises TokenNotFound."""
    with database.write() as work:
        work.execute(store.DELETE_TOKEN, (token, person))
        if not work.changes:
            raise TokenNotFound("You have no such token.", remedy="Look at the list of tokens again.")
        append_access_changed(work, person)
        work.commit()
