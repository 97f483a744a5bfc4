"""Debian's SWORD modules are imported completely: verses with the printed text, annotations, dictionary entries."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.canon import one_verse
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.kinds import DICTIONARIES
from appliance.scripture.library.queries import installed
from appliance.scripture.references import parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import HeadingKind, SpanKind, Verse


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


def test_dictionaries_have_all_entries(full_library: Database) -> None:
    entries = {item.id: item.entries for item in installed(full_library, *DICTIONARIES)}
    topics, headwords = full_library.reader.rows("SELECT count(*), count(DISTINCT headword) FROM topics")[0]

    assert {"Nave": 5_322, "StrongsGreek": 5_624, "StrongsHebrew": 8_675} == entries
    assert (5_322, 5_320) == (topics, headwords)
    assert "μονογενής" == dictionaries.lexicon_entry(full_library, "G3439").lemma
    assert "אלהים" == dictionaries.lexicon_entry(full_library, "H0430").lemma
    assert "feminine ἡ" in dictionaries.lexicon_entry(full_library, "G3588").definition
    citations = dictionaries.citing_topics(full_library, one_verse(40_006_034)).items
    assert "CARE" in {citation.topic for citation in citations}


def test_a_heading_of_nave_contains_its_parent_heading(full_library: Database) -> None:
    (row,) = full_library.reader.rows(
        "SELECT c.heading FROM topic_citations c JOIN topics t ON t.id = c.topic WHERE t.headword = 'GIBEAH' AND c.start = 7019012"
    )

    assert "OF SAUL: The people's wickedness" == row[0]
