"""People, places and events: by name, by passage, and one by one."""

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
    also=("The Moabitess", "Daughter"),
    description="A friend.",
    year=-1100,
    verse_ids=(8_001_004, 8_001_014),
)
MOAB = Entity(id="moab_1", kind=EntityKind.PLACE, name="Moab", latitude=31.5, longitude=35.75, verse_ids=(8_001_001,))
LEAVING = Entity(
    id="event_7",
    kind=EntityKind.EVENT,
    name="Ruth leaves",
    takes_part=("ruth_1", "moab_1", "lost_1"),
    verse_ids=(8_001_014,),
)


@pytest.fixture(autouse=True)
def _entities(library: Database) -> None:
    put_item(library, ENTITIES, "T", [RUTH, MOAB, LEAVING])


def test_an_entity_is_read_as_it_was_imported(library: Database) -> None:
    assert (
        EntityHead(
            id="ruth_1",
            kind=EntityKind.PERSON,
            name="Ruth",
            also=("The Moabitess", "Daughter"),
            description="A friend.",
            year=-1100,
            latitude=None,
            longitude=None,
            mentions=2,
        )
        == entity(library, "ruth_1").head
    )
    assert ((), 31.5) == ((moab := entity(library, "moab_1").head).also, moab.latitude)


def test_an_entity_has_the_verses_that_mention_it_a_page_at_a_time(library: Database) -> None:
    first = entity(library, "ruth_1", limit=1).verse_ids

    assert ([8_001_004], 1) == (first.items, first.next_after)
    assert [8_001_014] == entity(library, "ruth_1", after=1).verse_ids.items


def test_an_event_names_who_takes_part_as_far_as_they_are_known(library: Database) -> None:
    assert ["Ruth", "Moab"] == [each.name for each in entity(library, "event_7").takes_part]


def test_an_entity_that_no_data_set_has_is_not_found(library: Database) -> None:
    with pytest.raises(EntityNotFound):
        entity(library, "lost_1")


def test_entities_are_browsed_by_the_beginning_of_their_name_and_by_kind(library: Database) -> None:
    assert ["Ruth", "Ruth leaves"] == [each.name for each in browse_entities(library, "ru", limit=5)]
    assert ["Ruth leaves"] == [each.name for each in browse_entities(library, "ru", after="ruth_1", limit=5)]
    assert ["Moab"] == [each.name for each in browse_entities(library, "", kind="place", limit=5)]


def test_a_passage_has_the_rarest_of_each_kind_first(library: Database) -> None:
    found = entities_in(library, VerseRange(8_001_001, 8_001_014))

    assert ["Ruth leaves", "Ruth", "Moab"] == [each.name for each in found.items]
    assert [] == entities_in(library, VerseRange(8_002_001, 8_002_001)).items
    assert 1 == entities_in(library, VerseRange(8_001_001, 8_001_014), limit=1).next_after
