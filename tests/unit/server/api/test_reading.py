"""Passages and chapters as JSON."""

import pytest
from fakes.small_site import Site, api_routes, assert_refused, read

from appliance.scripture.translations.verse import Heading, HeadingKind, Note
from server.api.reading import ChapterPlace, ChapterView, PassageView, ReadingController, WordView

ROUTES = [api_routes(ReadingController)]
PASSAGES, CHAPTERS = "/api/v1/passages", "/api/v1/chapters"
LAMP = WordView(start=9, end=13, text="lamp", strongs=("H5216",))


def passage(site: Site, ref: str, **query: str) -> PassageView:
    return read(site.guest.get(PASSAGES, ref=ref, **query), PassageView)


def test_a_passage_is_shown_in_the_default_translation(site: Site) -> None:
    view = passage(site, "gen 1:1-2")

    assert ("Genesis 1:1–2", "Gen.1.1-Gen.1.2") == (view.reference, view.osis)
    assert [{"Invented": "Lamp 1 of evening 1 is lit."}, {"Invented": "Lamp 2 of evening 1 is lit."}] == [
        verse.texts for verse in view.verses
    ]
    assert ["Genesis 1:1", "Genesis 1:2"] == [verse.reference for verse in view.verses]


def test_a_verse_has_texts_notes_and_words_per_translation(site: Site) -> None:
    (verse,) = passage(site, "Gen 1:1", translations="Second, invented").verses

    assert {"Second": "A second lamp is lit.", "Invented": "Lamp 1 of evening 1 is lit."} == verse.texts
    assert {"Second": (Note(13, "foot", "Or: light"),), "Invented": ()} == verse.notes
    assert {"Second": (LAMP,), "Invented": ()} == verse.words


def test_a_translation_without_a_verse_is_left_out_of_it(site: Site) -> None:
    verses = passage(site, "Gen 1:3-4", translations="Invented,Second").verses

    assert [{"Invented", "Second"}, {"Invented"}] == [verse.texts.keys() for verse in verses]


def test_a_passage_may_have_several_chapters(site: Site) -> None:
    assert 31 == len(passage(site, "Gen 1-2").verses)


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({}, 400, "ref"),
        ({"ref": "Lamps 1"}, 404, "No book is called “Lamps”."),
        ({"ref": "Gen 60"}, 404, "It has 50 chapters."),
        ({"ref": "Gen 5:1"}, 404, "There is no Genesis 5:1 in Invented."),
        ({"ref": "Gen 1:3-1"}, 400, "Write the earlier verse first."),
        ({"ref": "Gen 1:1", "translations": "Third"}, 404, "There is no translation 'Third'."),
        ({"ref": "Gen 1:1", "translations": ",".join(["Invented"] * 9)}, 400, "at most 8 translations."),
    ],
)
def test_a_passage_and_its_translations_must_exist(site: Site, query: dict[str, str], status: int, part: str) -> None:
    assert_refused(site.guest.get(PASSAGES, **query), status, part)


def test_an_empty_library_says_how_to_import_a_translation(empty_site: Site) -> None:
    assert_refused(
        empty_site.guest.get(PASSAGES, ref="Gen 1"), 404, "Import a translation with `lampstand library import`"
    )
    assert_refused(empty_site.guest.get(f"{CHAPTERS}/WEB/Gen/1"), 404, "The library has no translation yet.")


def chapter(site: Site, path: str) -> ChapterView:
    return read(site.guest.get(f"{CHAPTERS}/{path}"), ChapterView)


def test_the_first_chapter_has_a_next_but_no_previous_one(site: Site) -> None:
    first, last = chapter(site, "Invented/Gen/1"), chapter(site, "Invented/Gen/2")

    assert (None, ChapterPlace(book="Gen", chapter=2)) == (first.previous, first.next)
    assert (ChapterPlace(book="Gen", chapter=1), None) == (last.previous, last.next)
    assert ("Invented", "Gen", "Genesis", 2) == (last.translation, last.book, last.book_name, last.chapter)


def test_the_markup_of_a_verse_has_offsets_into_its_text(site: Site) -> None:
    verse = chapter(site, "Second/Gen/1").verses[0]

    assert (1_001_001, "Gen.1.1", 1, "1") == (verse.verse_id, verse.osis, verse.verse, verse.label)
    assert ("A second lamp is lit.", (LAMP,)) == (verse.text, verse.words)
    assert (Note(13, "foot", "Or: light"),) == verse.notes
    assert (Heading(HeadingKind.SECTION, "The first evening"),) == verse.headings
    assert ((), ()) == (verse.spans, verse.breaks)


@pytest.mark.parametrize("path", ["invented/genesis/1", "INVENTED/gen/01"])
def test_names_of_translations_and_books_may_be_written_in_several_ways(site: Site, path: str) -> None:
    assert 25 == len(chapter(site, path).verses)


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("Invented/Gen/one", 400, "'one' is not a number. Use a whole number from 1."),
        ("Invented/Gen/0", 404, "Chapters begin at 1."),
        ("Invented/Gen/3", 404, "It has chapters 1 to 2."),
        ("Invented/Exod/1", 404, "Another translation may have this book."),
        ("Invented/Jhon/1", 404, "Did you mean John?"),
        ("Third/Gen/1", 404, "There is no translation 'Third'."),
    ],
)
def test_a_chapter_must_exist(site: Site, path: str, status: int, part: str) -> None:
    assert_refused(site.guest.get(f"{CHAPTERS}/{path}"), status, part)


def test_a_chapter_that_the_caller_has_is_not_sent_again(site: Site) -> None:
    etag = site.guest.get(f"{CHAPTERS}/Invented/Gen/1").headers["etag"]
    again = site.guest.get(f"{CHAPTERS}/Invented/Gen/1", {"If-None-Match": etag})
    other = site.guest.get(f"{CHAPTERS}/Second/Gen/1", {"If-None-Match": etag})

    assert (304, b"") == (again.status_code, again.content)
    assert 200 == other.status_code


def test_guests_of_a_closed_site_must_sign_in_to_read(site: Site) -> None:
    site.close_to_guests()

    assert_refused(site.guest.get(PASSAGES, ref="Gen 1"), 401, "Sign in to continue.")
    assert_refused(site.guest.get(f"{CHAPTERS}/Invented/Gen/1"), 401, "Sign in to continue.")
