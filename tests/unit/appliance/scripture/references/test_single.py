"""Parsing one reference, and the error messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import ApplianceError
from appliance.scripture.canon import BOOKS, Book, osis_of, split_verse_id, verse_id
from appliance.scripture.references.reference import (
    BookNotFound,
    PassageNotFound,
    Reference,
    ReferenceNotUnderstood,
    chapters_of,
)
from appliance.scripture.references.single import (
    MAX_LENGTH,
    book_named,
    find_book,
    nearest_book,
    parse_osis,
    parse_reference,
)


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


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(
            "Gen John Jude acts is job Psalm 1 2 16 99 3:16 2:1 to - – , ; . and chapter verse title ff v. iv II first of three a".split()
        ),
        max_size=9,
    ).map(" ".join)
)
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("John 3:16; Mark 1:1", "“John 3:16; Mark 1:1” contains 2 passages. Only one passage is allowed."),
        ("John 3:18-16", "John 3:18 to John 3:16 ends before it begins."),
        ("John 3:16 and more", "“John 3:16 and more” contains more than a reference."),
        ("John 3:16 to mark 5", "“John 3:16 to mark 5” contains more than a reference."),
        ("John 1 mark 16-3.4", "“John 1 mark 16-3.4” contains more than a reference."),
        ("John 12,000", "The numbers in “John 12,000” are not a chapter and verses."),
        ("  ?! ", "“?!” is not a reference."),
        ("J" * (MAX_LENGTH + 1), "The reference has 201 characters. At most 200 are allowed."),
        ("3:16 " + "x" * 80, f"“3:16 {'x' * 52}…” is not a reference."),
    ],
)
def test_a_text_that_is_not_one_reference_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ReferenceNotUnderstood) as raised:
        parse_reference(text)

    assert message == raised.value.message


def test_signs_around_a_reference_are_ignored() -> None:
    assert parse_reference("John 3:16") == parse_reference("— “John 3:16”. ")


def test_the_length_limit_is_the_whole_text() -> None:
    assert "John.3.16" == parse_reference(" " * (MAX_LENGTH - 9) + "John 3:16").osis


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("John.3.16", "John 3:16"),
        ("John.3", "John 3"),
        ("Ps.3.0", "Psalm 3, title"),
        ("Gen.1-Gen.3", "Genesis 1–3"),
        ("Gen.1.30-Gen.2", "Genesis 1:30–2:25"),
        ("Judg.21-Ruth.1.3", "Judges 21:1 – Ruth 1:3"),
        ("Rev.3.20-Rev.3.999", "Revelation 3:20–22"),
    ],
)
def test_an_osis_reference_is_parsed(text: str, formatted: str) -> None:
    assert formatted == str(parse_osis(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "John",
        "john.3.16",
        "John 3:16",
        "John.3.16.1",
        "Jhn.3.16",
        "John.3.",
        "John.³",
        "John.12345",
        "John.3.16-17",
        "-",
    ],
)
def test_a_text_that_is_not_osis_is_left_to_other_parsers(text: str) -> None:
    assert parse_osis(text) is None


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("John.22", PassageNotFound, "John has no chapter 22"),
        ("John.3.37", PassageNotFound, "John 3 has no verse 37"),
        ("John.3.999", PassageNotFound, "John 3 has no verse 999"),
        ("John.3.16-John.3.99", PassageNotFound, "John 3 has no verse 99"),
        ("John.3.18-John.3.16", ReferenceNotUnderstood, "John.3.18-John.3.16 ends before it begins"),
        ("Mark.1-Matt.1", ReferenceNotUnderstood, "Mark.1-Matt.1 ends before it begins"),
    ],
)
def test_an_osis_reference_must_exist(text: str, error: type[ApplianceError], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_osis(text)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.osis)
def test_a_book_is_found_by_its_name_and_its_osis_id(book: Book) -> None:
    assert book == find_book(book.name) == find_book(book.osis) == book_named(book.name)


@pytest.mark.parametrize(
    ("name", "osis"),
    [
        ("gen.", "Gen"),
        (" the Gospel of Mark ", "Mark"),
        ("1 cor", "1Cor"),
        ("Primera de Juan", "1John"),
        ("exodu", "Exod"),
    ],
)
def test_a_book_is_found_by_an_abbreviation_or_a_beginning(name: str, osis: str) -> None:
    assert osis == find_book(name).osis


@pytest.mark.parametrize("name", ["genes", "Genisis", "", " . ", "1-3 John", "Mark and more", "g" * (MAX_LENGTH + 1)])
def test_only_a_whole_name_or_abbreviation_is_the_name_of_a_book(name: str) -> None:
    assert book_named(name) is None


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Genisis", "Did you mean Genesis?"),
        ("2 Corinthanos", "Did you mean 2 Corinthians?"),
        ("xyzzy", "Use an English or Spanish book name or an OSIS id, such as Genesis or Gen."),
    ],
)
def test_an_unknown_book_is_an_error_with_the_most_similar_name(name: str, remedy: str) -> None:
    with pytest.raises(BookNotFound) as raised:
        find_book(name)

    assert (f"No book is called “{name}”.", remedy) == (raised.value.message, raised.value.remedy)


def test_the_nearest_book_has_the_most_similar_english_name() -> None:
    nearest = [nearest_book(name) for name in ("Galations", "3 jonh", "qqqqqq")]

    assert ["Gal", "3John", None] == [book and book.osis for book in nearest]
