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

    `also` contains other names. `year` is the year of birth, or the first year of an event. Years before Christ are negative.
    Latitude is in degrees north, longitude in degrees east. `participants` contains the ids of an event's people and places.
    """

    id: str
    kind: EntityKind
    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    year: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    participants: tuple[str, ...] = ()
    verse_ids: tuple[int, ...] = ()


class EntityHead(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event. `mentions` is the number of verses that mention it. Years before Christ are negative."""

    id: str
    kind: EntityKind
    name: str
    aliases: tuple[str, ...]
    description: str
    year: int | None
    latitude: float | None
    longitude: float | None
    mentions: int


class EntityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event, with a page of the verses that mention it. An event also has its people and places."""

    head: EntityHead
    participants: tuple[EntityHead, ...]
    verse_ids: Page[int]
