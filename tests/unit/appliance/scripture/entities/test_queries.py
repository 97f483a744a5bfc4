"""Queries for people, places and events: by name, by passage and by id."""

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.canon import VerseRange
from appliance.scripture.entities.entity import Entity, EntityHead, EntityKind
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.entities.queries import EntityNotFound, browse_entities, entities_in, entity

RUTH = Entity(
    id="ruth_1",
    kind=EntityKind.PERSON,
    name="Ruth",
    aliases=("The Moabitess", "Daughter"),
    description="A friend.",
    year=-1100,
    verse_ids=(8_001_004, 8_001_014),
)
MOAB = Entity(id="moab_1", kind=EntityKind.PLACE, name="Moab", latitude=31.5, longitude=35.75, verse_ids=(8_001_001,))
LEAVING = Entity(
    id="event_7",
    kind=EntityKind.EVENT,
    name="Ruth leaves",
    participants=("ruth_1", "moab_1", "lost_1"),
    verse_ids=(8_001_014,),
)


@pytest.fixture(autouse=True)
def _entities(library: Database) -> None:
    put_item(library, ENTITIES, "T", [RUTH, MOAB, LEAVING])


def test_an_imported_entity_can_be_read(library: Database) -> None:
    assert (
        EntityHead(
            id="ruth_1",
            kind=EntityKind.PERSON,
            name="Ruth",
            aliases=("The Moabitess", "Daughter"),
            description="A friend.",
            year=-1100,
            latitude=None,
            longitude=None,
            mentions=2,
        )
        == entity(library, "ruth_1").head
    )
    assert ((), 31.5) == ((moab := entity(library, "moab_1").head).aliases, moab.latitude)


def test_an_entity_has_pages_of_the_verses_that_mention_it(library: Database) -> None:
    first = entity(library, "ruth_1", limit=1).verse_ids

    assert ([8_001_004], 1) == (first.items, first.next_after)
    assert [8_001_014] == entity(library, "ruth_1", after=1).verse_ids.items


def test_an_event_has_its_known_people_and_places(library: Database) -> None:
    assert ["Ruth", "Moab"] == [head.name for head in entity(library, "event_7").participants]


def test_an_unknown_entity_is_not_found(library: Database) -> None:
    with pytest.raises(EntityNotFound):
        entity(library, "lost_1")


def test_entities_are_listed_by_the_beginning_of_their_name_and_by_kind(library: Database) -> None:
    assert ["Ruth", "Ruth leaves"] == [head.name for head in browse_entities(library, "ru", limit=5)]
    assert ["Ruth leaves"] == [head.name for head in browse_entities(library, "ru", after="ruth_1", limit=5)]
    assert ["Moab"] == [head.name for head in browse_entities(library, "", kind="place", limit=5)]


def test_the_rarest_entities_of_each_kind_come_first(library: Database) -> None:
    page = entities_in(library, VerseRange(8_001_001, 8_001_014))

    assert ["Ruth leaves", "Ruth", "Moab"] == [head.name for head in page.items]
    assert [] == entities_in(library, VerseRange(8_002_001, 8_002_001)).items
    assert 1 == entities_in(library, VerseRange(8_001_001, 8_001_014), limit=1).next_after
