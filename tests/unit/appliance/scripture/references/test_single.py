"""Parsing one reference, and the error messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ApplianceError
from appliance.scripture.canon import BOOKS, Book, osis_of, split_verse_id, verse_id
from appliance.scripture.references import (
    BookNotFound,
    PassageNotFound,
    Reference,
    ReferenceNotUnderstood,
    parse_reference,
)
from appliance.scripture.references.reference import chapters_of


@pytest.mark.parametrize(
    ("written", "formatted", "osis"),
    [
        ("John 3:16-18", "John 3:16–18", "John.3.16-John.3.18"),
        ("jn 3.16", "John 3:16", "John.3.16"),
        ("John.3.16-John.3.18", "John 3:16–18", "John.3.16-John.3.18"),
        ("ps 23", "Psalm 23", "Ps.23"),
        ("1 cor 13:4-14:1", "1 Corinthians 13:4–14:1", "1Cor.13.4-1Cor.14.1"),
        ("II Kings 2", "2 Kings 2", "2Kgs.2"),
        ("first john 4", "1 John 4", "1John.4"),
        ("Song of Songs 1:2", "Song of Solomon 1:2", "Song.1.2"),
        ("Genesis 1–3", "Genesis 1–3", "Gen.1-Gen.3"),
        ("Jude 5", "Jude 1:5", "Jude.1.5"),
        ("phil 1:3", "Philippians 1:3", "Phil.1.3"),
        ("philem 3", "Philemon 1:3", "Phlm.1.3"),
        ("John\u00a03:16", "John 3:16", "John.3.16"),
        ("Jhon 3:16", "John 3:16", "John.3.16"),
        ("john 3 16", "John 3:16", "John.3.16"),
        ("1 juan 4 8", "1 John 4:8", "1John.4.8"),
        ("Salmo 23", "Psalm 23", "Ps.23"),
        ("1-2 Samuel", "1 Samuel 1 – 2 Samuel 24", "1Sam.1-2Sam.24"),
        ("Ruth", "Ruth 1–4", "Ruth.1-Ruth.4"),
        ("Ps 3 title", "Psalm 3, title", "Ps.3.0"),
    ],
)
def test_a_reference_is_parsed(written: str, formatted: str, osis: str) -> None:
    reference = parse_reference(written)

    assert (formatted, osis) == (str(reference), reference.osis)


@pytest.mark.parametrize(
    ("written", "error", "remedy"),
    [
        ("Genisis", BookNotFound, "Did you mean Genesis?"),
        ("John 3:16, 18", ReferenceNotUnderstood, "Enter one passage at a time."),
        ("read John 3:16 today", ReferenceNotUnderstood, "Try John 3:16-18 or Psalm 23."),
        ("John 22", PassageNotFound, "It has 21 chapters."),
        ("John 3:99", PassageNotFound, "It has 36 verses."),
        ("John 3:18-16", ReferenceNotUnderstood, "Write the earlier verse first."),
        ("3:16", ReferenceNotUnderstood, "Try John 3:16-18 or Psalm 23."),
        ("John " * 100, ReferenceNotUnderstood, "Try John 3:16-18."),
    ],
)
def test_an_error_has_a_remedy(written: str, error: type[ApplianceError], remedy: str) -> None:
    with pytest.raises(error) as raised:
        parse_reference(written)

    assert raised.value.remedy == remedy


@given(st.text(max_size=300))
def test_any_text_is_a_reference_or_raises_an_appliance_error(text: str) -> None:
    try:
        reference = parse_reference(text)
    except ApplianceError as error:
        assert error.message
    else:
        assert reference.start <= reference.end


@given(st.sampled_from(BOOKS), st.integers(1, 150), st.integers(0, 199))
def test_a_verse_id_contains_book_chapter_and_verse(book: Book, chapter: int, verse: int) -> None:
    number = verse_id(book, chapter, verse)

    assert (book, chapter, verse) == split_verse_id(number)
    assert f"{book.osis}.{chapter}.{verse}" == osis_of(number)


def test_book_numbers_do_not_change() -> None:
    """People's notes store verse ids. If a number changed, the notes would belong to other verses."""
    numbers = {book.osis: book.number for book in BOOKS}

    assert (1, 19, 39, 40, 43, 66) == tuple(numbers[osis] for osis in ("Gen", "Ps", "Mal", "Matt", "John", "Rev"))
    assert (67, 71, 84, 90) == tuple(numbers[osis] for osis in ("Tob", "Wis", "2Esd", "EpLao"))


@given(st.sampled_from(BOOKS), st.data())
def test_a_formatted_reference_is_parsed_as_the_same_reference(book: Book, data: st.DataObject) -> None:
    chapters = chapters_of(book)
    chapter = data.draw(st.sampled_from(sorted(chapters)))
    verse = data.draw(st.integers(1, chapters[chapter]))
    last = data.draw(st.integers(verse, chapters[chapter]))
    reference = Reference(verse_id(book, chapter, verse), verse_id(book, chapter, last))

    assert reference == parse_reference(str(reference))
    assert reference == parse_reference(reference.osis)
