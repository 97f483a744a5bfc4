"""Finding the book that a word names."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.canon import BOOKS, Book
from appliance.scripture.references.book_names import Likeness, book_of

ENGLISH, SPANISH, BOTH = ("en",), ("es",), ("en", "es")
# English names of one word that are long enough for a misspelling.
LONG_NAMES = [book.name.lower() for book in BOOKS[:66] if book.name.isalpha() and len(book.name) >= 6]


def osis(word: str, likeness: Likeness, *, number: int = 0, languages: tuple[str, ...] = ENGLISH) -> str | None:
    book = book_of(word, number, languages, likeness)
    return book.osis if book else None


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.osis)
def test_the_osis_id_is_an_exact_name_in_every_language(book: Book) -> None:
    name = book.osis.lower().lstrip("1234")
    number = int(book.osis[: -len(name)] or 0)

    assert [book.osis, book.osis] == [
        osis(name, Likeness.EXACT, number=number, languages=languages) for languages in (ENGLISH, SPANISH)
    ]


def test_full_names_and_abbreviations_are_exact() -> None:
    assert ["Matt", "Matt", "Prov", "Gen"] == [
        osis(word, Likeness.EXACT) for word in ("matthew", "mt", "prv", "genesis")
    ]
    assert ["Acts", "Rev"] == [osis(word, Likeness.EXACT, languages=SPANISH) for word in ("hechos", "ap")]
    assert osis("hechos", Likeness.EXACT) is None


def test_a_numbered_book_is_found_by_its_number() -> None:
    numbers = [osis("john", Likeness.EXACT, number=number) for number in range(5)]

    assert ["John", "1John", "2John", "3John", None] == numbers


def test_a_family_name_without_a_number_is_the_first_book() -> None:
    assert "1Cor" == osis("corinthians", Likeness.EXACT)
    assert osis("corinthians", Likeness.MISSPELT, number=3) is None


def test_a_book_without_a_family_has_no_number() -> None:
    assert osis("genesis", Likeness.EXACT, number=1) is None


def test_the_four_books_of_kingdoms_are_samuel_and_kings() -> None:
    numbers = [osis("kingdoms", Likeness.EXACT, number=number) for number in range(1, 5)]

    assert ["1Sam", "2Sam", "1Kgs", "2Kgs"] == numbers


@pytest.mark.parametrize(
    ("word", "book"),
    [("matthe", "Matt"), ("philip", "Phil"), ("rvltn", "Rev"), ("deutronomy", "Deut"), ("mathew", "Matt")],
)
def test_a_beginning_and_dropped_letters_are_shortened_names(word: str, book: str) -> None:
    assert osis(word, Likeness.EXACT) is None
    assert book == osis(word, Likeness.SHORTENED)


def test_a_beginning_of_two_books_names_neither() -> None:
    """Ecclesiastes and Ecclesiasticus."""
    assert osis("eccle", Likeness.SHORTENED) is None


def test_two_letters_are_not_a_beginning() -> None:
    assert "Rom" == osis("rom", Likeness.SHORTENED)
    assert osis("gr", Likeness.SHORTENED) is None


def test_a_letter_that_is_typed_many_times_counts_once() -> None:
    assert "Ps" == osis("psalmsss", Likeness.SHORTENED)
    assert "Matt" == osis("mattttthew", Likeness.SHORTENED)


def test_a_word_of_more_than_24_letters_is_not_a_book() -> None:
    assert "Ps" == osis("psalm" + "s" * 19, Likeness.SHORTENED)
    assert osis("psalm" + "s" * 20, Likeness.MISSPELT) is None


def test_two_wrong_letters_are_accepted_only_after_the_right_first_letter() -> None:
    assert osis("genisis", Likeness.SHORTENED) is None
    assert "Gen" == osis("genisis", Likeness.MISSPELT)
    assert "Gen" == osis("genisiz", Likeness.MISSPELT)
    assert "Gen" == osis("denesis", Likeness.MISSPELT)
    assert osis("denesiz", Likeness.MISSPELT) is None


@pytest.mark.parametrize("word", ["xyzzy", "lantern", "zz", "w"])
def test_a_word_that_is_not_similar_to_a_name_is_not_a_book(word: str) -> None:
    assert osis(word, Likeness.MISSPELT, languages=BOTH) is None


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_name_without_one_of_its_letters_is_found(name: str) -> None:
    right_book = osis(name, Likeness.EXACT)
    shortened = {name[:at] + name[at + 1 :] for at in range(1, len(name))}

    assert {right_book} == {osis(word, Likeness.MISSPELT) for word in shortened}


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_name_with_two_letters_in_the_wrong_order_is_found(name: str) -> None:
    right_book = osis(name, Likeness.EXACT)
    swapped = {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)}

    assert {right_book} == {osis(word, Likeness.MISSPELT) for word in swapped}


@pytest.mark.parametrize("word", ["pslams", "psmals", "plasm", "spalms", "psaml"])
def test_the_letters_of_psalms_in_any_order_are_the_psalms(word: str) -> None:
    assert "Ps" == osis(word, Likeness.MISSPELT)


@pytest.mark.parametrize("word", ["small", "slam", "spam", "mass", "masses", "pass", "maps", "lamp", "pal"])
def test_ordinary_words_with_the_letters_of_psalms_are_not_misspelt_names(word: str) -> None:
    assert osis(word, Likeness.MISSPELT, languages=BOTH) is None


def test_the_first_language_takes_precedence() -> None:
    assert ["John", "Jonah"] == [osis("jo", Likeness.EXACT, languages=order) for order in (BOTH, ("es", "en"))]


def test_an_exact_name_of_the_second_language_takes_precedence_over_a_beginning_in_the_first() -> None:
    """In English, `sal` could be dropped letters of Samuel. In Spanish, it is the abbreviation of the Psalms."""
    assert "1Sam" == osis("sal", Likeness.SHORTENED, languages=ENGLISH)
    assert "Ps" == osis("sal", Likeness.SHORTENED, languages=BOTH)


@given(
    st.text(string.ascii_lowercase, min_size=1, max_size=26)
    | st.builds(lambda name, length: name[:length], st.sampled_from(LONG_NAMES), st.integers(1, 12)),
    st.integers(0, 4),
)
def test_a_book_that_is_found_strictly_is_also_found_with_more_tolerance(word: str, number: int) -> None:
    exact, shortened, misspelt = (book_of(word, number, BOTH, likeness) for likeness in Likeness)

    assert exact is None or exact == shortened
    assert shortened is None or shortened == misspelt
