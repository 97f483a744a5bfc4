"""Writes: sessions of browsers, from their beginning to their end."""

import contextlib
import time

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
MOST_AGENT = 200


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person and the token of their new session, which is kept nowhere else."""

    person: Person
    token: str


def is_due(session: Session) -> bool:
    """True where it is time to note that a session is used: every five minutes."""
    return time.time() - session.seen_at >= TOUCH_EVERY_S


def touch(database: Database, session: Session, *, now: float | None = None) -> None:
    """Note that a session is used: it lasts on for a month, and half a year in all."""
    now = time.time() if now is None else now
    with database.write() as work:
        # Never earlier than it was to end: a clock that was behind for a while signs nobody out.
        expires_at = max(session.expires_at, min(now + IDLE_S, session.created_at + LONGEST_S))
        work.execute(store.TOUCH_SESSION, (now, expires_at, session.id))


def end_session(database: Database, *, person: int, session: int) -> None:
    """Sign out one browser of a person. Raises SessionNotFound."""
    if MEMORY_SESSIONS.end(database, person=person, session=session):
        # On a disk that is still full, open streams end with their next heartbeat instead of at once.
        with contextlib.suppress(DiskFull, DiskFailed, DatabaseNotWritable), database.write() as work:
            append_access_changed(work, person)
        return
    with database.write() as work:
        work.execute(store.DELETE_SESSION, (session, person))
        if not work.changes:
            raise SessionNotFound("This session is over already.", remedy="Nothing needs to be done.")
        append_access_changed(work, person)


def end_all_sessions(database: Database) -> None:
    """Sign everybody out, in a backup that is restored: it has sessions that were ended since. May be an old version."""
    with database.write() as work:
        if work.execute(store.HAS_SESSIONS):
            work.execute(store.DELETE_ALL_SESSIONS)


def forget(database: Database, _before: float) -> int:
    """Drop the sessions that are over; how many those were."""
    with database.write() as work:
        work.execute(store.DELETE_EXPIRED_SESSIONS, (time.time(),))
        return work.changes


def start_session(database: Database, person: Person, address: str, agent: str) -> SignedIn:
    token = new_token()
    with database.write() as work:
        insert_session(work, person, token, address, agent)
    return SignedIn(person=person, token=token)


def insert_session(work: UnitOfWork, person: Person, token: str, address: str, agent: str) -> None:
    now = time.time()
    row = {"fingerprint": fingerprint(token), "person": person.id, "now": now, "expires_at": now + IDLE_S}
    work.execute(store.INSERT_SESSION, row | {"address": address, "agent": agent[:MOST_AGENT]})
