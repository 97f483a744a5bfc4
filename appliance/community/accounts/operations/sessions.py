"""Sessions of browsers, from their beginning to their end."""

import contextlib

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.person import Person, Session, SessionNotFound
from appliance.community.accounts.secret_tokens import fingerprint, new_token
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.database_errors import DatabaseNotWritable, DiskFailed, DiskFull

DAY_S = 86_400.0
IDLE_S, LONGEST_S = 30 * DAY_S, 180 * DAY_S
TOUCH_EVERY_S = 300.0
MAX_AGENT = 200


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person and the token of their new session, which is kept nowhere else."""

    person: Person
    token: str


def start_session(work: UnitOfWork, person: Person, *, address: str, agent: str, now: float) -> SignedIn:
    """Sign a person in, in a browser that names itself `agent`, at an address."""
    token = new_token()
    row = {"fingerprint": fingerprint(token), "person": person.id, "now": now, "expires_at": now + IDLE_S}
    work.execute(store.INSERT_SESSION, row | {"address": address, "agent": agent[:MAX_AGENT]})
    return SignedIn(person=person, token=token)


def is_due(session: Session, now: float) -> bool:
    """Whether the use of a session is to be noted: every five minutes."""
    return now - session.seen_at >= TOUCH_EVERY_S


def touch(work: UnitOfWork, session: Session, *, now: float) -> None:
    """Note that a session is used: it lasts on for a month, and half a year in all."""
    # Never earlier than it was to end: a clock that was behind for a while signs nobody out.
    expires_at = max(session.expires_at, min(now + IDLE_S, session.created_at + LONGEST_S))
    work.execute(store.TOUCH_SESSION, {"session": session.id, "now": now, "expires_at": expires_at})


def end_session(database: Database, *, person: int, session: int, now: float) -> None:
    """Sign out one browser of a person. Raises SessionNotFound.

    It takes the database, because a session in memory ends on a disk that cannot be written, too.
    """
    if MEMORY_SESSIONS.end(database, person=person, session=session):
        # On a disk that is still full, open streams end with their next heartbeat instead of at once.
        with contextlib.suppress(DiskFull, DiskFailed, DatabaseNotWritable), database.write() as work:
            append_access_changed(work, person, now=now)
        return
    with database.write() as work:
        work.execute(store.DELETE_SESSION, {"session": session, "person": person})
        if not work.changes:
            raise SessionNotFound("This session is over already.", remedy="Nothing needs to be done.")
        append_access_changed(work, person, now=now)


def end_all_sessions(work: UnitOfWork) -> None:
    """Sign everybody out, in a backup that is restored: it has sessions that were ended since. May be an old version."""
    if work.execute(store.HAS_SESSIONS):
        work.execute(store.DELETE_ALL_SESSIONS)


def delete_expired_sessions(work: UnitOfWork, *, now: float) -> int:
    """Delete the sessions that are over; their number is returned."""
    work.execute(store.DELETE_EXPIRED_SESSIONS, (now,))
    return work.changes
