"""Queries for people, places and events."""

from collections.abc import Sequence
from typing import Any

from appliance.errors import NotFound
from appliance.infrastructure.database import Database, beginning_with
from appliance.scripture.canon import VerseRange
from appliance.scripture.entities import store
from appliance.scripture.entities.entity import EntityEntry, EntityHead, EntityKind
from appliance.scripture.paging import Page, page_of


class EntityNotFound(NotFound):
    """No data set has this person, place or event."""


def browse_entities(
    database: Database, beginning: str, *, kind: str = "", after: str = "", limit: int
) -> list[EntityHead]:
    """Return the people, places and events whose name has this beginning, sorted by name.

    The page begins after the entity with the id `after`.
    """
    parameters = {"beginning": beginning_with(beginning), "kind": kind, "after": after, "limit": limit}
    return [_entity(row) for row in database.reader.rows(store.BROWSE_ENTITIES, parameters)]


def entities_in(database: Database, verses: VerseRange, *, after: int = 0, limit: int = 500) -> Page[EntityHead]:
    """Return a page of the entities that a verse range mentions, sorted by kind. Within a kind, the rarest come first."""
    parameters = {"first": verses.start, "last": verses.end, "after": after, "limit": limit + 1}
    rows = database.reader.rows(store.SELECT_MENTIONED, parameters)
    return page_of(map(_entity, rows), after, limit)


def entity(database: Database, identifier: str, *, after: int = 0, limit: int = 500) -> EntityEntry:
    """Return a person, place or event with a page of the verses that mention it. Raises EntityNotFound."""
    row = database.reader.row(store.SELECT_ENTITY, {"id": identifier})
    if row is None:
        raise EntityNotFound(
            f"There is no person, place or event {identifier[:40]!r}.", remedy="Find entities at /api/v1/entities."
        )
    mentions = database.reader.rows(
        store.SELECT_MENTIONS_OF, {"entity": identifier, "after": after, "limit": limit + 1}
    )
    participants = [
        _entity(participant)
        for entity_id in str(database.reader.value(store.SELECT_PARTICIPANTS, {"id": identifier})).split(store.LIST)
        if entity_id and (participant := database.reader.row(store.SELECT_ENTITY, {"id": entity_id}))
    ]
    return EntityEntry(
        head=_entity(row),
        participants=tuple(participants),
        verse_ids=page_of((int(verse) for (verse,) in mentions), after, limit),
    )


def _entity(row: Sequence[Any]) -> EntityHead:
    identifier, kind, name, aliases, description, year, latitude, longitude, mentions = row
    return EntityHead(
        id=identifier,
        kind=EntityKind(kind),
        name=name,
        aliases=tuple(filter(None, aliases.split(store.LIST))),
        description=description,
        year=year,
        latitude=latitude,
        longitude=longitude,
        mentions=mentions,
    )
