"""The written forms of a verse range: for people, and OSIS for programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, Book, verse_id
from appliance.scripture.references.reference import LAST_VERSE, Reference, chapters_of, format_verse
from appliance.scripture.references.single import parse_osis, parse_reference

Place = tuple[str, int, int]


def reference(first: Place, last: Place) -> Reference:
    (start, end) = (verse_id(BOOK_BY_OSIS[osis], chapter, verse) for osis, chapter, verse in (first, last))
    return Reference(start, end)


@pytest.mark.parametrize(
    ("first", "last", "formatted", "osis"),
    [
        (("John", 3, 16), ("John", 3, 16), "John 3:16", "John.3.16"),
        (("John", 3, 16), ("John", 3, 18), "John 3:16–18", "John.3.16-John.3.18"),
        (("1Cor", 13, 4), ("1Cor", 14, 1), "1 Corinthians 13:4–14:1", "1Cor.13.4-1Cor.14.1"),
        (("Ps", 23, 1), ("Ps", 23, LAST_VERSE), "Psalm 23", "Ps.23"),
        (("Ps", 23, 0), ("Ps", 23, LAST_VERSE), "Psalm 23", "Ps.23"),
        (("Ps", 3, 0), ("Ps", 3, 0), "Psalm 3, title", "Ps.3.0"),
        (("Gen", 1, 1), ("Gen", 3, LAST_VERSE), "Genesis 1–3", "Gen.1-Gen.3"),
        (("Jude", 1, 1), ("Jude", 1, LAST_VERSE), "Jude", "Jude.1"),
        (("Jude", 1, 5), ("Jude", 1, 5), "Jude 1:5", "Jude.1.5"),
        (("Judg", 21, 1), ("Ruth", 1, LAST_VERSE), "Judges 21 – Ruth 1", "Judg.21-Ruth.1"),
        (("Judg", 21, 5), ("Ruth", 1, 3), "Judges 21:5 – Ruth 1:3", "Judg.21.5-Ruth.1.3"),
        (("Judg", 21, 5), ("Ruth", 1, LAST_VERSE), "Judges 21:5 – Ruth 1", "Judg.21.5-Ruth.1.999"),
    ],
)
def test_a_range_has_a_form_for_people_and_one_for_programs(
    first: Place, last: Place, formatted: str, osis: str
) -> None:
    verses = reference(first, last)

    assert (formatted, osis) == (str(verses), verses.osis)


@pytest.mark.parametrize(
    ("first", "chapter", "formatted"),
    [
        (("Rev", 3, 20), 3, "Revelation 3:20–22"),
        (("John", 3, 36), 3, "John 3:36"),
        (("Gen", 1, 5), 2, "Genesis 1:5–2:25"),
    ],
)
def test_a_range_to_the_end_of_a_chapter_names_the_last_verse_of_the_chapter(
    first: Place, chapter: int, formatted: str
) -> None:
    assert formatted == str(reference(first, (first[0], chapter, LAST_VERSE)))


def test_a_verse_is_formatted_for_people() -> None:
    assert "John 3:16" == format_verse(43_003_016)


@given(st.sampled_from(BOOKS), st.data())
def test_programs_can_parse_the_osis_of_every_range_in_a_book(book: Book, data: st.DataObject) -> None:
    chapters = chapters_of(book)
    first_chapter = data.draw(st.sampled_from(sorted(chapters)))
    last_chapter = data.draw(st.integers(first_chapter, len(chapters)))
    first = data.draw(st.integers(1, chapters[first_chapter]))
    last = data.draw(
        st.just(LAST_VERSE) | st.integers(first if first_chapter == last_chapter else 1, chapters[last_chapter])
    )
    verses = Reference(verse_id(book, first_chapter, first), verse_id(book, last_chapter, last))

    assert verses == parse_osis(verses.osis)


def test_people_can_open_a_range_to_the_end_of_a_chapter_again() -> None:
    following = parse_reference("Rom 8:28ff")

    assert following == parse_osis(following.osis)
    assert "Romans 8:28–39" == str(following) == str(parse_reference(str(following)))
