"""The stored people, places and events, and the verses that mention them."""

from collections.abc import Sequence

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.entities import store
from appliance.scripture.entities.entity import Entity, EntityKind
from appliance.scripture.entities.kinds import ENTITIES

RUTH_1_4, RUTH_1_14 = 8_001_004, 8_001_014


def entity(entity_id: str, kind: EntityKind = EntityKind.PERSON, verse_ids: Sequence[int] = (RUTH_1_4,)) -> Entity:
    return Entity(id=entity_id, kind=kind, name=entity_id.capitalize(), verse_ids=tuple(verse_ids))


def mentions(library: Database) -> list[tuple[object, ...]]:
    return sorted(library.reader.rows(store.SELECT_MENTIONS))


def test_the_names_of_entities_are_listed_with_the_number_of_their_verses(library: Database) -> None:
    ruth = Entity(
        id="ruth",
        kind=EntityKind.PERSON,
        name="Ruth",
        aliases=("The Moabitess", "Daughter"),
        verse_ids=(RUTH_1_4, RUTH_1_14),
    )
    put_item(library, ENTITIES, "T", [ruth, entity("moab", EntityKind.PLACE)])

    assert [("moab", "place", "Moab", "", 1), ("ruth", "person", "Ruth", "The Moabitess|Daughter", 2)] == (
        library.reader.rows(store.SELECT_NAMES)
    )


def test_each_mention_has_the_kind_of_its_entity(library: Database) -> None:
    put_item(
        library, ENTITIES, "T", [entity("ruth", verse_ids=(RUTH_1_14, RUTH_1_4)), entity("moab", EntityKind.PLACE)]
    )

    assert [(RUTH_1_4, "moab", "place"), (RUTH_1_4, "ruth", "person"), (RUTH_1_14, "ruth", "person")] == mentions(
        library
    )


def test_all_facts_of_an_entity_are_stored(library: Database) -> None:
    event = Entity(
        id="event_7",
        kind=EntityKind.EVENT,
        name="A journey",
        description="They walk.",
        year=-1090,
        latitude=31.5,
        longitude=-0.25,
        participants=("ruth", "moab"),
        verse_ids=(RUTH_1_14,),
    )
    put_item(library, ENTITIES, "T", [event])

    assert ("event_7", "event", "A journey", "", "They walk.", -1090, 31.5, -0.25, 1) == library.reader.row(
        store.SELECT_ENTITY, {"id": "event_7"}
    )
    assert "ruth|moab" == library.reader.value(store.SELECT_PARTICIPANTS, {"id": "event_7"})


def test_unknown_years_and_degrees_stay_unknown(library: Database) -> None:
    put_item(library, ENTITIES, "T", [entity("ruth")])

    row = library.reader.row(store.SELECT_ENTITY, {"id": "ruth"})
    assert row is not None
    assert (None, None, None) == row[5:8]


def test_deleting_a_data_set_keeps_the_entities_of_others(library: Database) -> None:
    put_item(library, ENTITIES, "A", [entity("ruth", verse_ids=(RUTH_1_4, RUTH_1_14))])
    put_item(library, ENTITIES, "B", [entity("naomi")])
    with library.write() as work:
        store.delete_entities(work, "A")

    assert ["naomi"] == [row[0] for row in library.reader.rows(store.SELECT_NAMES)]
    assert [(RUTH_1_4, "naomi", "person")] == mentions(library)


def test_an_id_of_another_data_set_is_refused_and_nothing_is_written(library: Database) -> None:
    put_item(library, ENTITIES, "A", [entity("ruth")])
    with pytest.raises(Exception, match="UNIQUE"):
        put_item(library, ENTITIES, "B", [entity("naomi"), entity("ruth", verse_ids=(RUTH_1_14,))])

    assert [(RUTH_1_4, "ruth", "person")] == mentions(library)
