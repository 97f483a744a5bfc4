"""People, places and events from CSV files."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.opening import FileRefused
from appliance.scripture import operations
from appliance.scripture.canon import one_verse
from appliance.scripture.entities import queries
from appliance.scripture.entities.entity import Entity, EntityKind
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.theographic import read_theographic

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


def read(folder: Path, table: str) -> list[Entity]:
    """The entities of a folder that has only this table."""
    (folder / "table.csv").write_text(table, encoding="utf-8")
    source = read_theographic(folder)
    assert source is not None
    return list(source.entries())


def person(**columns: str) -> str:
    """A table of one person with the given columns and the usual ones."""
    row = dict.fromkeys(PEOPLE.partition("\n")[0].split(","), "") | {"personLookup": "ruth_1", "displayTitle": "Ruth"}
    row |= {"verses": "Ruth.1.4"} | columns
    return f"{','.join(row)}\n" + ",".join(f'"{value}"' for value in row.values())


def place(**columns: str) -> str:
    """A table of one place with the given columns and the usual ones."""
    row = dict.fromkeys(PLACES.partition("\n")[0].split(","), "") | {"placeLookup": "moab_1", "verses": "Ruth.1.1"}
    row |= columns
    return f"{','.join(row)}\n" + ",".join(f'"{value}"' for value in row.values())


def test_the_data_set_names_its_authors_and_its_licence(folder: Path) -> None:
    source = read_theographic(folder)

    assert source is not None
    assert (ENTITIES, "Theographic", "CC BY-SA 4.0") == (source.kind, source.id, source.licence)
    assert "Robert Rouse" in source.attribution
    assert "Easton's Bible Dictionary" in source.attribution


@pytest.mark.parametrize(
    "tables", [{}, {"a.csv": "name,age\nRuth,20\n"}, {"a.csv": ""}, {"c.csv": EVENTS}, {"a.txt": PEOPLE}]
)
def test_a_folder_without_people_or_places_has_no_data_set(tmp_path: Path, tables: dict[str, str]) -> None:
    for name, text in tables.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert read_theographic(tmp_path) is None


def test_tables_in_subfolders_are_found(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "places.csv").write_text(PLACES, encoding="utf-8")
    source = read_theographic(tmp_path)

    assert source is not None
    assert ["Moab", "Nod"] == [entity.name for entity in source.entries()]


def test_every_table_of_the_folder_is_read(folder: Path) -> None:
    source = read_theographic(folder)

    assert source is not None
    assert {"ruth_1", "moab_1", "nowhere_2", "event_7"} == {entity.id for entity in source.entries()}


def test_the_digest_changes_with_each_table(folder: Path) -> None:
    digests = set()
    for name in ("a.csv", "b.csv", "c.csv"):
        with (folder / name).open("a", encoding="utf-8") as table:
            table.write("\n")
        source = read_theographic(folder)
        assert source is not None
        digests.add(source.digest)

    assert 3 == len(digests)


def test_an_id_that_occurs_twice_is_read_once(tmp_path: Path) -> None:
    again = person() + "\n" + person(displayTitle="Another Ruth").partition("\n")[2]

    assert ["Ruth"] == [entity.name for entity in read(tmp_path, again)]


@pytest.mark.parametrize(
    ("columns", "name", "also"),
    [
        ({"displayTitle": "Simon Peter", "name": "Simon"}, "Simon Peter", ()),
        ({"displayTitle": "", "name": "Simon"}, "Simon", ()),
        ({"surname": "Iscariot", "alsoCalled": "Judas, The Traitor, "}, "Ruth", ("Iscariot", "Judas", "The Traitor")),
    ],
)
def test_a_person_has_a_name_and_other_names(
    tmp_path: Path, columns: dict[str, str], name: str, also: tuple[str, ...]
) -> None:
    (entity,) = read(tmp_path, person(**columns))

    assert (name, also) == (entity.name, entity.aliases)


@pytest.mark.parametrize(
    ("columns", "name", "also"),
    [
        (
            {"displayTitle": "Zion", "kjvName": "Sion", "esvName": "Zion", "aliases": "Sion,City"},
            "Zion",
            ("Sion", "City"),
        ),
        ({"kjvName": "Sion", "esvName": "Zion"}, "Sion", ("Zion",)),
        ({"esvName": "Zion"}, "Zion", ()),
    ],
)
def test_a_place_has_a_name_and_other_names_once(
    tmp_path: Path, columns: dict[str, str], name: str, also: tuple[str, ...]
) -> None:
    (entity,) = read(tmp_path, place(**columns))

    assert (EntityKind.PLACE, name, also) == (entity.kind, entity.name, entity.aliases)


@pytest.mark.parametrize(
    ("birth_year", "min_year", "year"),
    [
        ("-1100", "-1200", -1100),
        ("", "-1200", -1200),
        ("0030-04-07", "", 30),
        ("-0004-12-25", "", -4),
        ("", "", None),
        ("unknown", "", None),
        ("10000", "", None),
        ("--5", "", None),
    ],
)
def test_a_year_before_christ_is_negative_and_an_unclear_year_is_unknown(
    tmp_path: Path, birth_year: str, min_year: str, year: int | None
) -> None:
    (entity,) = read(tmp_path, person(birthYear=birth_year, minYear=min_year))

    assert year == entity.year


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("31.5", 31.5), ("-0.25", -0.25), ("360", 360.0), ("360.1", None), ("nan", None), ("31° 5'", None), ("", None)],
)
def test_only_possible_degrees_are_read(tmp_path: Path, text: str, degrees: float | None) -> None:
    (entity,) = read(tmp_path, place(displayTitle="Moab", latitude=text, longitude=text))

    assert (degrees, degrees) == (entity.latitude, entity.longitude)


def test_a_description_is_plain_text_without_links(tmp_path: Path) -> None:
    (entity,) = read(tmp_path, person(dictText=" A [friend](/a#b) of [Naomi](naomi), [see] (note) "))

    assert "A friend of Naomi, [see] (note)" == entity.description


def test_verses_are_listed_once_and_unknown_verses_are_left_out(tmp_path: Path) -> None:
    # A range counts as its first verse.
    (entity,) = read(tmp_path, person(verses="Ruth.1.4, Rev.13.1,Ruth.1.4,Ruth.99.1,Naomi.1.1,Ruth.2.3-Ruth.2.5"))

    assert (8_001_004, 66_013_001, 8_002_003) == entity.verse_ids


def test_a_short_row_has_empty_columns(tmp_path: Path) -> None:
    table = (
        "personLookup,displayTitle,verses,name,surname,alsoCalled,birthYear,minYear,dictText\nruth_1,Ruth,Ruth.1.4\n"
    )

    assert [Entity(id="ruth_1", kind=EntityKind.PERSON, name="Ruth", verse_ids=(8_001_004,))] == read(tmp_path, table)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"personLookup,displayTitle\nruth_1,Ruth\n", "a.csv has no column"),
        (person(dictText="L\xe4mp").encode("latin-1"), "a.csv is not a CSV file in UTF-8"),
        (person(dictText="x" * 200_000).encode(), "a.csv is not a CSV file in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    source = read_theographic(tmp_path)

    assert source is not None
    with pytest.raises(SourceUnreadable, match=sentence):
        list(source.entries())


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.csv").symlink_to(tmp_path / "outside.csv")

    with pytest.raises(FileRefused, match=r"a\.csv is a link that leads out of its folder"):
        read_theographic(tmp_path / "inside")
