"""Sign-in while the database cannot be written: an administrator gets a session in the memory of this process.

So an administrator can find out what fills a disk. All other people must wait for free space. A session in memory ends with
the process, after an hour, on sign-out, on a new password, and when its person is removed. Failed attempts are counted in
memory too, with strict limits: per device, and for all devices together. Attempts from the server itself do not count
towards the limit for all devices, so an administrator can always sign in on the server.
"""

import contextlib
import threading
from collections import deque
from pathlib import Path

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.passwords import verify_password
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import NOBODY, Identity, Person, Session, TooManyAttempts, wrong_password
from appliance.community.accounts.secret_tokens import fingerprint, new_token
from appliance.errors import ApplianceError
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database
from appliance.infrastructure.networks import OWN_LINKS, OwnLinks, is_loopback

LIFETIME_S = 3600.0
WINDOW_S = 900.0
MAX_PER_DEVICE, MAX_FROM_OTHER_MACHINES = 5, 50
MAX_SESSIONS = 100


class _StoredSession(msgspec.Struct, frozen=True):
    """A session, its person's password hash at the start, and the session's end on the monotonic clock."""

    session: Session
    password_hash: str
    ends_at: float


class _Attempt(msgspec.Struct, frozen=True):
    """An attempt to sign in, which counts as failed until it succeeds."""

    at: float
    device: str
    is_local: bool


class MemorySessions:
    """The sessions in memory, per database. They end by the monotonic clock, because the time of day can be set back."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, links: OwnLinks = OWN_LINKS) -> None:
        self._clock, self._links = clock, links
        self._lock = threading.Lock()
        self._sessions: dict[tuple[Path, bytes], _StoredSession] = {}
        self._failures: deque[_Attempt] = deque()
        self._last_id = 0

    def sign_in(
        self, database: Database, *, login: str, password: str, address: str, agent: str, error: ApplianceError
    ) -> tuple[Person, str]:
        """Return a person and the token of a new session. For other roles than administrator, raise `error`.

        Raises SignInFailed or TooManyAttempts.
        """
        attempt = self._begin_attempt(address)
        row = database.reader.row(store.SELECT_BY_LOGIN, (login,))
        password_hash = row[store.PERSON_FIELDS] if row else None
        if not verify_password(password, password_hash) or row is None or password_hash is None:
            raise wrong_password()
        person = store.person_of(row)
        if person.role is not Role.ADMINISTRATOR:
            self._take_back(attempt)
            raise error
        token = new_token()
        with self._lock:
            self._failures = deque(failure for failure in self._failures if failure.device != attempt.device)
            self._drop_ended()
            if len(self._sessions) >= MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            session = self._session(person, address, agent)
            self._sessions[database.path, fingerprint(token)] = _StoredSession(
                session, password_hash, self._clock.monotonic() + LIFETIME_S
            )
        return person, token

    def identify(self, database: Database, token: str) -> Identity:
        """Return the person of a session token, or NOBODY if the session has ended or is unknown."""
        stored = self._sessions.get((database.path, fingerprint(token))) if self._sessions else None
        if stored is None or self._clock.monotonic() >= stored.ends_at or not _has_current_password(stored, database):
            return NOBODY
        row = database.reader.row(store.SELECT_PERSON, (stored.session.person,))
        return Identity(session=stored.session, person=store.person_of(row)) if row else NOBODY

    def end(self, database: Database, *, person: int, session: int) -> bool:
        """End a session of a person. Returns False if the session is not in memory."""
        with self._lock:
            for key, stored in self._sessions.items():
                if stored.session.id == session and _belongs_to(key, stored, database, person):
                    del self._sessions[key]
                    return True
        return False

    def sessions_of(self, database: Database, person: int) -> list[Session]:
        """Return the sessions of a person that are in memory."""
        with self._lock:
            self._drop_ended()
            own = [stored for key, stored in self._sessions.items() if _belongs_to(key, stored, database, person)]
        return [stored.session for stored in own if _has_current_password(stored, database)]

    def _session(self, person: Person, address: str, agent: str) -> Session:
        # The id is negative, so it is never the id of a session in the database.
        self._last_id -= 1
        now = self._clock.time()
        return Session(
            id=self._last_id,
            person=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME_S,
            address=address,
            agent=agent,
        )

    def _begin_attempt(self, address: str) -> _Attempt:
        now = self._clock.monotonic()
        attempt = _Attempt(now, self._links.caller(address).device, is_loopback(address))
        with self._lock:
            while self._failures and self._failures[0].at < now - WINDOW_S:
                self._failures.popleft()
            of_device = [failure.at for failure in self._failures if failure.device == attempt.device]
            from_elsewhere = [failure.at for failure in self._failures if not failure.is_local]
            _refuse_beyond(of_device, MAX_PER_DEVICE, now)
            if not attempt.is_local:
                _refuse_beyond(from_elsewhere, MAX_FROM_OTHER_MACHINES, now)
            self._failures.append(attempt)
        return attempt

    def _take_back(self, attempt: _Attempt) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._failures.remove(attempt)

    def _drop_ended(self) -> None:
        now = self._clock.monotonic()
        self._sessions = {key: stored for key, stored in self._sessions.items() if stored.ends_at > now}


def _belongs_to(key: tuple[Path, bytes], stored: _StoredSession, database: Database, person: int) -> bool:
    return key[0] == database.path and stored.session.person == person


def _has_current_password(stored: _StoredSession, database: Database) -> bool:
    """Return False if the person has a new password or was removed."""
    current = database.reader.value(store.SELECT_PASSWORD, (stored.session.person,))
    return bool(current == stored.password_hash)


def _refuse_beyond(failures: list[float], limit: int, now: float) -> None:
    """Raises TooManyAttempts if there were too many failures. `failures` are their times in ascending order."""
    if len(failures) >= limit:
        wait_s = failures[0] + WINDOW_S - now
        raise TooManyAttempts("Too many failed attempts.", remedy="Try again later.", retry_after_s=wait_s)


MEMORY_SESSIONS = MemorySessions()
