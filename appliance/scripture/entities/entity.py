"""People, places and events."""

from enum import StrEnum

import msgspec

from appliance.scripture.paging import Page


class EntityKind(StrEnum):
    PERSON = "person"
    PLACE = "place"
    EVENT = "event"


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A person, a place or an event, and the verses that mention it.

    `also` are other names; `year` is of birth or beginning, below 0 before Christ; degrees are north and east. `takes_part` are
    the ids of the people at an event and of the places where it happens.
    """

    id: str
    kind: EntityKind
    name: str
    also: tuple[str, ...] = ()
    description: str = ""
    year: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    takes_part: tuple[str, ...] = ()
    verse_ids: tuple[int, ...] = ()


class EntityHead(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event; `mentions` counts the verses. A year below 0 is before Christ."""

    id: str
    kind: EntityKind
    name: str
    also: tuple[str, ...]
    description: str
    year: int | None
    latitude: float | None
    longitude: float | None
    mentions: int


class EntityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event: who takes part in an event and where it happens, and a page of the verses that mention it."""

    head: EntityHead
    takes_part: tuple[EntityHead, ...]
    verse_ids: Page[int]
