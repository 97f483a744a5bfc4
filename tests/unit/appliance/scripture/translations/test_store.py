"""The stored verses of a translation, their words and their vectors."""

from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.canon import VerseRange
from appliance.scripture.operations import remove
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.store import VERSE_VECTORS, select_range, select_strongs, select_texts
from appliance.scripture.translations.verse import Markup, Verse, Word

PSALM = 19_023_000
MATCHING = "SELECT text FROM verses_fts WHERE verses_fts MATCH ?"


def test_a_range_includes_verses_printed_as_one_across_its_start(library: Database) -> None:
    verses = [Verse(PSALM + 1, "One"), Verse(PSALM + 2, "Two and three", through=PSALM + 3), Verse(PSALM + 4, "Four")]
    put_item(library, TRANSLATION, "T", verses)

    assert verses[1:] == select_range(library.reader, "T", VerseRange(PSALM + 3, PSALM + 4), 10)
    assert verses[1:2] == select_range(library.reader, "T", VerseRange(PSALM + 3, PSALM + 4), 1)


def test_texts_come_from_one_translation(library: Database) -> None:
    put_item(library, TRANSLATION, "T", [Verse(PSALM + 1, "One")])
    put_item(library, TRANSLATION, "U", [Verse(PSALM + 1, "Uno"), Verse(PSALM + 2, "Dos")])

    assert {PSALM + 1: "One"} == select_texts(library.reader, "T", [PSALM + 1, PSALM + 2])


def test_strongs_numbers_are_listed_as_often_as_a_verse_uses_them(library: Database) -> None:
    markup = Markup(words=(Word(0, 3, ("G25", "G26")), Word(4, 7, ("G25",))))
    put_item(library, TRANSLATION, "T", [Verse(PSALM + 1, "One two", markup), Verse(PSALM + 2, "Three")])

    assert [(PSALM + 1, ["G25", "G26", "G25"]), (PSALM + 2, [])] == list(select_strongs(library.reader, "T"))


def test_words_are_found_until_the_translation_is_removed(library: Database) -> None:
    put_item(library, TRANSLATION, "T", [Verse(PSALM + 1, "My shepherd")])
    put_item(library, TRANSLATION, "U", [Verse(PSALM + 1, "Another shepherd")])
    assert [("My shepherd",), ("Another shepherd",)] == library.reader.rows(MATCHING, ("shepherds",))

    remove(library, "T")
    assert [("Another shepherd",)] == library.reader.rows(MATCHING, ("shepherds",))


def test_vectors_stay_after_their_translation_is_removed(library: Database) -> None:
    put_item(library, TRANSLATION, "T", [Verse(PSALM + 1, "One")])
    with library.write() as work:
        VERSE_VECTORS.replace(work, [(PSALM + 1, b"\0" * 4 * VERSE_VECTORS.dimensions)], present=())
        work.execute("INSERT INTO embedded_verses (verse_id, translation, digest) VALUES (?, 'T', x'00')", (PSALM + 1,))
    remove(library, "T")

    assert [PSALM + 1] == list(VERSE_VECTORS.vectors_of(library.reader, [PSALM + 1]))
    assert [("",)] == library.reader.rows("SELECT translation FROM embedded_verses")
