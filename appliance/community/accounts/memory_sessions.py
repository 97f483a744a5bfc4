"""Signing in while the database cannot be written: an administrator gets a session in this process's memory.

So an administrator can see what fills a disk. Everybody else has to wait until there is room. These sessions end with
the process, after an hour, by signing out, by a new password, and when their person is removed. Failed attempts are
counted in memory too, and strictly: for one device, and for all devices together. This machine itself is not in that
total, so that an administrator can always sign in there.
"""

import contextlib
import threading
from collections import deque
from pathlib import Path

import msgspec

from appliance.community.accounts import store
from appliance.community.accounts.passwords import is_right
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import NOBODY, Identity, Person, Session, TooManyAttempts, wrong_password
from appliance.community.accounts.secret_tokens import fingerprint, new_token
from appliance.errors import ApplianceError
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database
from appliance.infrastructure.networks import OWN_LINKS, OwnLinks, is_loopback

LASTS_S = 3600.0
WINDOW_S = 900.0
MAX_FROM_ONE, MAX_FROM_ALL = 5, 50
MAX_SESSIONS = 100


class _Kept(msgspec.Struct, frozen=True):
    """A session, the hash of the password that it was begun with, and its end on the clock that is never set."""

    session: Session
    password_hash: str
    ends_at: float


class _Attempt(msgspec.Struct, frozen=True):
    """An attempt that counts as failed until it succeeds."""

    at: float
    device: str
    is_local: bool


class MemorySessions:
    """The sessions in memory, by database. They end by the clock that never goes back, unlike the time of day."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, links: OwnLinks = OWN_LINKS) -> None:
        self._clock, self._links = clock, links
        self._lock = threading.Lock()
        self._kept: dict[tuple[Path, bytes], _Kept] = {}
        self._failures: deque[_Attempt] = deque()
        self._last_id = 0

    def sign_in(
        self, database: Database, *, login: str, password: str, address: str, agent: str, error: ApplianceError
    ) -> tuple[Person, str]:
        """A person and the token of their session. Raises SignInFailed, TooManyAttempts, or `error` for other roles."""
        attempt = self._begin_attempt(address)
        row = database.reader.row(store.SELECT_BY_LOGIN, (login,))
        password_hash = row[store.PERSON_FIELDS] if row else None
        if not is_right(password, password_hash) or row is None or password_hash is None:
            raise wrong_password()
        person = store.person_of(row)
        if person.role is not Role.ADMINISTRATOR:
            self._take_back(attempt)
            raise error
        token = new_token()
        with self._lock:
            self._failures = deque(failure for failure in self._failures if failure.device != attempt.device)
            self._drop_ended()
            if len(self._kept) >= MAX_SESSIONS:
                del self._kept[next(iter(self._kept))]
            session = self._session(person, address, agent)
            self._kept[database.path, fingerprint(token)] = _Kept(
                session, password_hash, self._clock.monotonic() + LASTS_S
            )
        return person, token

    def identify(self, database: Database, token: str) -> Identity:
        """The person of a token; nobody where the session is over or unknown."""
        kept = self._kept.get((database.path, fingerprint(token))) if self._kept else None
        if kept is None or self._clock.monotonic() >= kept.ends_at or not _has_its_password(kept, database):
            return NOBODY
        row = database.reader.row(store.SELECT_PERSON, (kept.session.person,))
        return Identity(session=kept.session, person=store.person_of(row)) if row else NOBODY

    def end(self, database: Database, *, person: int, session: int) -> bool:
        """End a session of a person; False where it is not one of these."""
        with self._lock:
            for key, kept in self._kept.items():
                if kept.session.id == session and _is_of(key, kept, database, person):
                    del self._kept[key]
                    return True
        return False

    def of(self, database: Database, person: int) -> list[Session]:
        """A person's sessions."""
        with self._lock:
            self._drop_ended()
            own = [kept for key, kept in self._kept.items() if _is_of(key, kept, database, person)]
        return [kept.session for kept in own if _has_its_password(kept, database)]

    def _session(self, person: Person, address: str, agent: str) -> Session:
        # Below zero: never the number of a session in the database.
        self._last_id -= 1
        now = self._clock.time()
        return Session(
            id=self._last_id,
            person=person.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LASTS_S,
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
            _refuse_beyond(of_device, MAX_FROM_ONE, now)
            if not attempt.is_local:
                _refuse_beyond(from_elsewhere, MAX_FROM_ALL, now)
            self._failures.append(attempt)
        return attempt

    def _take_back(self, attempt: _Attempt) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._failures.remove(attempt)

    def _drop_ended(self) -> None:
        now = self._clock.monotonic()
        self._kept = {key: kept for key, kept in self._kept.items() if kept.ends_at > now}


def _is_of(key: tuple[Path, bytes], kept: _Kept, database: Database, person: int) -> bool:
    return key[0] == database.path and kept.session.person == person


def _has_its_password(kept: _Kept, database: Database) -> bool:
    """False after the person has another password, or was removed."""
    current = database.reader.value(store.SELECT_PASSWORD, (kept.session.person,))
    return bool(current == kept.password_hash)


def _refuse_beyond(failures: list[float], most: int, now: float) -> None:
    """Raises TooManyAttempts; the failures are their times, the first one first."""
    if len(failures) >= most:
        wait_s = failures[0] + WINDOW_S - now
        raise TooManyAttempts("Too many failed attempts.", remedy="Try again later.", retry_after_s=wait_s)


MEMORY_SESSIONS = MemorySessions()
