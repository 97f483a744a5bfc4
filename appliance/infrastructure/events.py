"""The event log: all that happens, in order, under increasing ids, in appliance.db.

An event is appended in the unit of work that makes it true, so that both are there or neither. An audience is a set of
names with spaces between: `everyone`, one person, or what the domains call several; whoever has one of the names may see
it.

Each domain declares its types of event as frozen structs. `server/event_types.py` lists them all.
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
    """The audience that is one person, by the number of their account."""
    return f"{PERSON}{number}"


def person_in(audience: str) -> int | None:
    """The number of the person that an audience is, if it is one."""
    return int(audience.removeprefix(PERSON)) if audience.startswith(PERSON) else None


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A type of event. Its fields are the payload; `event_kind` is its name in the log and for clients."""

    event_kind: ClassVar[str]


class Forgotten(DomainEvent, frozen=True, kw_only=True):
    """An event that was emptied, because its only audience was removed."""

    event_kind: ClassVar[str] = "forgotten"


EVENT_TYPES: tuple[type[DomainEvent], ...] = (Forgotten,)
Payload = TypeVar("Payload", bound=DomainEvent)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log. `kind` is the `event_kind` of its type, `payload` the JSON of the type's fields."""

    id: int
    at: float
    kind: str
    audience: frozenset[str]
    payload: msgspec.Raw

    def is_a(self, event_type: type[DomainEvent]) -> bool:
        """Whether the event is of a type."""
        return self.kind == event_type.event_kind

    def payload_as(self, event_type: type[Payload]) -> Payload:
        """The payload of an event of a type. Raises msgspec.ValidationError where the payload has another form."""
        return msgspec.json.decode(self.payload, type=event_type)


def m003_events(work: UnitOfWork) -> None:
    work.execute(CREATE_EVENTS)
    work.execute(CREATE_EVENTS_AT)


def append_event(work: UnitOfWork, event: DomainEvent, audience: str = EVERYONE, *, now: float) -> int:
    """Log an event in the unit of work that makes it true; the event's id is returned."""
    row = {"at": now, "kind": event.event_kind, "audience": audience, "payload": _payload_of(event)}
    work.execute(INSERT, row)
    return work.last_insert_id


def forget_events(work: UnitOfWork, audience: str) -> None:
    """Empty the events of one audience alone; their ids stay, so that nobody misses any."""
    work.execute(EMPTY, {"kind": Forgotten.event_kind, "payload": _payload_of(Forgotten()), "audience": audience})


def prune_events(work: UnitOfWork, before: float) -> int:
    """Delete the events before a time; their number is returned."""
    work.execute(PRUNE, (before,))
    return work.changes


class EventLog:
    """The log as it is read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, event_id: int, limit: int = 500) -> list[Event]:
        """The events after an id, oldest first."""
        return [_event(row) for row in self._database.reader.rows(SELECT_AFTER, (event_id, limit))]

    def newest(self) -> int:
        """The highest id ever given; 0 where nothing happened yet."""
        return int(self._database.reader.value(SELECT_NEWEST))

    def is_complete_after(self, event_id: int) -> bool:
        """False where events after this id were pruned, or the id is not of this log."""
        newest = self.newest()
        oldest = self._database.reader.value(SELECT_OLDEST)
        return (oldest or newest + 1) - 1 <= event_id <= newest

    def data_version(self) -> int:
        """Changes, on the calling thread's connection, whenever any other connection has committed."""
        return int(self._database.reader.value(DATA_VERSION))


def _payload_of(event: DomainEvent) -> str:
    return msgspec.json.encode(event).decode()


def _event(row: Row) -> Event:
    return Event(
        id=row[0], at=row[1], kind=row[2], audience=frozenset(row[3].split()), payload=msgspec.Raw(row[4].encode())
    )
