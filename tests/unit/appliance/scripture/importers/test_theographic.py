"""People, places and events from CSV files."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture import operations
from appliance.scripture.canon import one_verse
from appliance.scripture.entities import queries
from appliance.scripture.entities.entity import EntityKind
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable

PEOPLE = """\
personLookup,displayTitle,name,surname,alsoCalled,birthYear,minYear,dictText,verses
ruth_1,Ruth,Ruth,,"The Moabitess",-1100,,"A friend ([Ruth 1:4](/ruth#Ruth.1.4)).","Ruth.1.4,Ruth.1.14,Ruth.9.9"
nobody_2,,,,,,,,"Ruth.1.4"
unmentioned_3,Gone,Gone,,,,,,
"""
PLACES = """\
placeLookup,displayTitle,kjvName,esvName,aliases,latitude,longitude,dictText,verses
moab_1,Moab,Moab,Moab,,31.5,35.75,East of the sea.,"Ruth.1.1,3John.1.14"
nowhere_2,Nod,Nod,Nod,,,,,"Gen.4.16"
"""
EVENTS = """\
title,ID,startDate,participants,locations,verses
Ruth goes with Naomi,7,-1090,"ruth_1,ruth_1",moab_1,"Ruth.1.14"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    theographic = tmp_path / "theographic"
    theographic.mkdir()
    for name, text in (("a.csv", PEOPLE), ("b.csv", PLACES), ("c.csv", EVENTS)):
        (theographic / name).write_text("\ufeff" + text, encoding="utf-8")
    return theographic


def import_folder(library: Database, folder: Path) -> None:
    with open_sources(str(folder)) as sources:
        operations.import_source(library, sources[0])


def test_files_are_recognised_by_their_columns(library: Database, folder: Path) -> None:
    import_folder(library, folder)
    (ruth,) = queries.browse_entities(library, "Ru", kind="person", limit=10)

    assert (EntityKind.PERSON, ("The Moabitess",), -1100, 2) == (ruth.kind, ruth.aliases, ruth.year, ruth.mentions)
    assert "A friend (Ruth 1:4)." == ruth.description


def test_entities_without_a_name_or_without_verses_are_left_out(library: Database, folder: Path) -> None:
    import_folder(library, folder)

    assert {"Ruth", "Moab", "Nod", "Ruth goes with Naomi"} == {
        entity.name for entity in queries.browse_entities(library, "", limit=50)
    }


def test_an_event_has_its_people_and_places(library: Database, folder: Path) -> None:
    import_folder(library, folder)

    assert ["Ruth", "Moab"] == [entity.name for entity in queries.entity(library, "event_7").participants]


def test_the_people_of_a_passage_are_found(library: Database, folder: Path) -> None:
    import_folder(library, folder)
    start = queries.entity(library, "ruth_1").verse_ids.items[0]

    assert ["Ruth"] == [entity.name for entity in queries.entities_in(library, one_verse(start)).items]


def test_pages_with_equal_names_have_every_entity_once(library: Database, folder: Path) -> None:
    same_name_twice = PEOPLE + 'ruth_9,Ruth,Ruth,,,,,,"Ruth.2.2"\n'
    (folder / "a.csv").write_text(same_name_twice, encoding="utf-8")
    import_folder(library, folder)
    first = queries.browse_entities(library, "Ruth", kind="person", limit=1)

    assert ["ruth_9"] == [
        entity.id for entity in queries.browse_entities(library, "Ruth", kind="person", after=first[0].id, limit=5)
    ]


def test_the_data_set_can_be_removed(library: Database, folder: Path) -> None:
    import_folder(library, folder)
    operations.remove(library, "Theographic")

    assert [] == queries.browse_entities(library, "", limit=5)


def test_a_damaged_file_is_refused(library: Database, folder: Path) -> None:
    (folder / "a.csv").write_text("personLookup,name\nruth_1,Ruth\n", encoding="utf-8")

    with pytest.raises(SourceUnreadable, match=r"a\.csv"):
        import_folder(library, folder)
