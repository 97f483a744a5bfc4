"""The event log: all events in order, with increasing ids, in appliance.db.

An event is appended in the same unit of work as the change that it describes, so either both are saved or neither is. An
audience is a set of names, separated by spaces: `everyone`, one person, or a group that a domain names. A person with one
of these names can see the event.

Each domain declares its event types as frozen structs. `server/event_types.py` lists them all.
"""

from typing import ClassVar, TypeVar

import msgspec

from appliance.infrastructure.database import Database, Row, UnitOfWork

EVERYONE = "everyone"
PERSON = "person:"

CREATE_EVENTS = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    payload TEXT NOT NULL
)
"""
CREATE_EVENTS_AT = "CREATE INDEX events_at ON events (at)"
INSERT = "INSERT INTO events (at, kind, audience, payload) VALUES (:at, :kind, :audience, :payload)"
SELECT_AFTER = "SELECT id, at, kind, audience, payload FROM events WHERE id > ? ORDER BY id LIMIT ?"
SELECT_NEWEST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
SELECT_OLDEST = "SELECT min(id) FROM events"
EMPTY = "UPDATE events SET payload = :payload, kind = :kind WHERE audience = :audience"
PRUNE = "DELETE FROM events WHERE at < ?"
DATA_VERSION = "PRAGMA data_version"


def one_person(number: int) -> str:
    """Return the audience that contains only one person, by account number."""
    return f"{PERSON}{number}"


def person_in(audience: str) -> int | None:
    """Return the account number if the audience is one person, otherwise None."""
    return int(audience.removeprefix(PERSON)) if audience.startswith(PERSON) else None


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The base of event types. The fields are the payload; `event_kind` is the name in the log and for clients."""

    event_kind: ClassVar[str]


class Forgotten(DomainEvent, frozen=True, kw_only=True):
    """An event whose content was deleted, because the only audience that could see it was removed."""

    event_kind: ClassVar[str] = "forgotten"


EVENT_TYPES: tuple[type[DomainEvent], ...] = (Forgotten,)
Payload = TypeVar("Payload", bound=DomainEvent)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log. `kind` is the `event_kind` of its type; `payload` is the JSON of the type's fields."""

    id: int
    at: float
    kind: str
    audience: frozenset[str]
    payload: msgspec.Raw

    def is_a(self, event_type: type[DomainEvent]) -> bool:
        """Return True if the event has this type."""
        return self.kind == event_type.event_kind

    def payload_as(self, event_type: type[Payload]) -> Payload:
        """Decode the payload as this type. Raises msgspec.ValidationError if it does not match."""
        return msgspec.json.decode(self.payload, type=event_type)


def m003_events(work: UnitOfWork) -> None:
    work.execute(CREATE_EVENTS)
    work.execute(CREATE_EVENTS_AT)


def append_event(work: UnitOfWork, event: DomainEvent, audience: str = EVERYONE, *, now: float) -> int:
    """Append an event in the unit of work of the change that it describes. Return the event's id."""
    row = {"at": now, "kind": event.event_kind, "audience": audience, "payload": _payload_of(event)}
    work.execute(INSERT, row)
    return work.last_insert_id


def forget_events(work: UnitOfWork, audience: str) -> None:
    """Delete the content of events with exactly this audience. The ids of these events stay, so no subscriber sees a gap."""
    work.execute(EMPTY, {"kind": Forgotten.event_kind, "payload": _payload_of(Forgotten()), "audience": audience})


def prune_events(work: UnitOfWork, before: float) -> int:
    """Delete the events before a time. Return the number of deleted events."""
    work.execute(PRUNE, (before,))
    return work.changes


class EventLog:
    """Reads the event log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, event_id: int, limit: int = 500) -> list[Event]:
        """Return the events after an id, oldest first."""
        return [_event(row) for row in self._database.reader.rows(SELECT_AFTER, (event_id, limit))]

    def newest(self) -> int:
        """Return the highest id ever used, or 0 if there were no events yet."""
        return int(self._database.reader.value(SELECT_NEWEST))

    def is_complete_after(self, event_id: int) -> bool:
        """Return False if events after this id were pruned, or if the id is not from this log."""
        newest = self.newest()
        oldest = self._database.reader.value(SELECT_OLDEST)
        return (oldest or newest + 1) - 1 <= event_id <= newest

    def data_version(self) -> int:
        """Return a number that changes when another connection commits. The calling thread's own commits do not change it."""
        return int(self._database.reader.value(DATA_VERSION))


def _payload_of(event: DomainEvent) -> str:
    return msgspec.json.encode(event).decode()


def _event(row: Row) -> Event:
    return Event(
        id=row[0], at=row[1], kind=row[2], audience=frozenset(row[3].split()), payload=msgspec.Raw(row[4].encode())
    )
