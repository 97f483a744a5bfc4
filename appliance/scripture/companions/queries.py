"""Reads of people, places and events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from appliance.errors import NotFound
from appliance.infrastructure.database import Database, beginning_with
from appliance.scripture.companions import store
from appliance.scripture.companions.dataset import EntityKind


class EntityNotFound(NotFound):
    """No dataset has this person, place or event."""


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
    """A whole one: who takes part in an event and where it happens, and every verse that mentions it."""

    head: EntityHead
    takes_part: tuple[EntityHead, ...]
    verse_ids: tuple[int, ...]


def browse_entities(
    database: Database, beginning: str, *, kind: str = "", after: str = "", limit: int
) -> list[EntityHead]:
    """People, places and events whose name begins so, by name from the one after `after`, an id, on."""
    parameters = {"beginning": beginning_with(beginning), "kind": kind, "after": after, "limit": limit}
    return [_entity(row) for row in database.reader.rows(store.BROWSE_ENTITIES, parameters)]


def entities_in(database: Database, start: int, end: int) -> list[EntityHead]:
    """Who and what the verses of a range mention, the most seldom mentioned of each kind first."""
    return [_entity(row) for row in database.reader.rows(store.SELECT_MENTIONED, (start, end))]


def entity(database: Database, identifier: str) -> EntityEntry:
    """A person, place or event with the verses that mention it. Raises EntityNotFound."""
    row = database.reader.row(store.SELECT_ENTITY, (identifier,))
    if row is None:
        raise EntityNotFound(
            f"There is no person, place or event {identifier[:40]!r}.", remedy="Browse them at /api/v1/entities."
        )
    mentions = database.reader.rows(store.SELECT_MENTIONS_OF, (identifier,))
    takes_part = [
        _entity(found)
        for each in str(row[8]).split(store.LIST)
        if each and (found := database.reader.row(store.SELECT_ENTITY, (each,)))
    ]
    return EntityEntry(
        head=_entity(row), takes_part=tuple(takes_part), verse_ids=tuple(int(each) for (each,) in mentions)
    )


def _entity(row: Sequence[Any]) -> EntityHead:
    identifier, kind, name, also, description, year, latitude, longitude, _, mentions = row
    return EntityHead(
        id=identifier, kind=EntityKind(kind), name=name, also=tuple(filter(None, also.split(store.LIST))),
        description=description, year=year, latitude=latitude, longitude=longitude, mentions=mentions,
    )  # fmt: skip
