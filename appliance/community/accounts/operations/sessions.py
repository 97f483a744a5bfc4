"""Browser sessions: start, renew and end them."""

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
IDLE_S, MAX_LIFETIME_S = 30 * DAY_S, 180 * DAY_S
TOUCH_EVERY_S = 300.0
MAX_AGENT = 200


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person and the token of that person's new session. The token is not stored anywhere."""

    person: Person
    token: str


def start_session(work: UnitOfWork, person: Person, *, address: str, agent: str, now: float) -> SignedIn:
    """Start a session for a person. `agent` is the User-Agent of the browser."""
    token = new_token()
    row = {"fingerprint": fingerprint(token), "person": person.id, "now": now, "expires_at": now + IDLE_S}
    work.execute(store.INSERT_SESSION, row | {"address": address, "agent": agent[:MAX_AGENT]})
    return SignedIn(person=person, token=token)


def is_due(session: Session, now: float) -> bool:
    """Return True if the time of last use must be stored again. This happens at most once every five minutes."""
    return now - session.seen_at >= TOUCH_EVERY_S


def touch(work: UnitOfWork, session: Session, *, now: float) -> None:
    """Store the current time as the session's last use. The session then lasts another 30 days, at most 180 in total."""
    # Never shorten a session: if a clock was behind for a while, nobody must be signed out for that.
    expires_at = max(session.expires_at, min(now + IDLE_S, session.created_at + MAX_LIFETIME_S))
    work.execute(store.TOUCH_SESSION, {"session": session.id, "now": now, "expires_at": expires_at})


def end_session(database: Database, *, person: int, session: int, now: float) -> None:
    """Sign out one browser of a person. Raises SessionNotFound.

    This function takes the database, because a session in memory must end even if the disk cannot be written.
    """
    if MEMORY_SESSIONS.end(database, person=person, session=session):
        # If the disk is still full, open streams end at their next heartbeat instead of immediately.
        with contextlib.suppress(DiskFull, DiskFailed, DatabaseNotWritable), database.write() as work:
            append_access_changed(work, person, now=now)
        return
    with database.write() as work:
        work.execute(store.DELETE_SESSION, {"session": session, "person": person})
        if not work.changes:
            raise SessionNotFound("This session has already ended.", remedy="You do not need to do anything.")
        append_access_changed(work, person, now=now)


def end_all_sessions(work: UnitOfWork) -> None:
    """End all sessions in a restored backup: people may have ended some of these sessions after the backup was made.

    The backup may have an old version of the schema.
    """
    if work.execute(store.HAS_SESSIONS):
        work.execute(store.DELETE_ALL_SESSIONS)


def delete_expired_sessions(work: UnitOfWork, *, now: float) -> int:
    """Delete the expired sessions and return their number."""
    work.execute(store.DELETE_EXPIRED_SESSIONS, (now,))
    return work.changes
