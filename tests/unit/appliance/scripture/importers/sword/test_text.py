"""Translations in Debian's SWORD modules."""

import shutil
from pathlib import Path

import pytest
from fakes.sword_modules import copy_module

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from appliance.scripture.references import parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import HeadingKind, SpanKind, Verse
from server.bootstrap import LIBRARY_MIGRATIONS


def verse(database: Database, reference: str, translation: str = "WEB") -> Verse:
    (parallel,) = queries.passage(
        database, parse_reference(reference), [queries.find_translation(database, translation)]
    )
    return parallel.verses[translation]


@pytest.mark.parametrize(("translation", "count"), [("WEB", 37_457), ("KJV", 31_102), ("RV1909", 31_084)])
def test_all_verses_are_imported(full_library: Database, translation: str, count: int) -> None:
    assert count == queries.find_translation(full_library, translation).verses


@pytest.mark.parametrize(
    ("reference", "translation", "text"),
    [
        (
            "John 3:16",
            "WEB",
            "For God so loved the world, that he gave his only born Son, that whoever believes in him should not perish, but have eternal life.",
        ),
        ("Gen 1:1", "WEB", "In the beginning, God created the heavens and the earth."),
        ("Rev 22:21", "WEB", "The grace of the Lord Jesus Christ be with all the saints. Amen."),
        (
            "Dan 2:1",
            "WEB",
            "In the second year of the reign of Nebuchadnezzar, Nebuchadnezzar dreamed dreams; and his spirit was troubled, and his sleep went from him.",
        ),
        (
            "Exod 6:3",
            "KJV",
            "And I appeared unto Abraham, unto Isaac, and unto Jacob, by the name of God Almighty, but by my name JEHOVAH was I not known to them.",
        ),
        ("Gen 1:1", "RV1909", "EN el principio crió Dios los cielos y la tierra."),
        (
            "Gen 5:3",
            "RV1909",
            "Y vivió Adam ciento y treinta años, y engendró un hijo á su semejanza, conforme á su imagen, y llamó su nombre Seth.",
        ),
    ],
)
def test_the_text_is_as_printed(full_library: Database, reference: str, translation: str, text: str) -> None:
    assert text == verse(full_library, reference, translation).text


def test_yahweh_god_in_genesis_is_two_words(full_library: Database) -> None:
    assert "Yahweh God made the earth" in verse(full_library, "Gen 2:4").text


def test_no_verse_has_markup_or_joined_words(full_library: Database) -> None:
    rows = full_library.reader.rows(
        "SELECT translation, verse_id, text FROM verses WHERE text GLOB '*[<>{}\\]*' OR text GLOB '*[a-z],[a-z]*'"
    )

    assert [] == rows


def test_annotations_are_imported(full_library: Database) -> None:
    john, psalm, exodus = (verse(full_library, ref) for ref in ("John 3:16", "Ps 3:1", "John 3:16"))

    assert ("G25",) == next(w.strongs for w in john.markup.words if john.text[w.start : w.end] == "loved")
    assert {SpanKind.JESUS} == {span.kind for span in john.markup.spans}
    assert "only begotten" in john.markup.notes[0].text
    assert [(HeadingKind.PSALM, "A Psalm by David, when he fled from Absalom his son.")] == [
        (h.kind, h.text) for h in psalm.markup.headings
    ]
    assert exodus == john
    assert SpanKind.DIVINE_NAME in {span.kind for span in verse(full_library, "Gen 2:4", "KJV").markup.spans}


def test_importing_again_changes_nothing(full_library_path: Path, sword_root: Path, tmp_path: Path) -> None:
    copy_module(sword_root, tmp_path / "module")
    shutil.copy(full_library_path, tmp_path / "library.db")
    library = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    with open_sources(str(tmp_path / "module")) as sources:
        again = import_source(library, sources[0])

    assert not again.changed
    assert 31_102 == queries.find_translation(library, "KJV").verses
    library.close()


def test_a_module_is_read_as_a_translation(sword_root: Path) -> None:
    with open_sources(str(sword_root), only=frozenset({"WEB"})) as (source,):
        assert source.kind is TRANSLATION
        assert ("WEB", "en", "NRSVA", "Public Domain") == (
            source.id,
            source.language,
            source.versification,
            source.licence,
        )
        assert "public domain" in source.attribution.lower()
