"""Book names of one or several words, at a position in a text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.scripture.references.book_names import Likeness
from appliance.scripture.references.names_in_text import NUMBER_FOLLOWS, BookFinder, NamedBook, normalise

FINDER = BookFinder(("en", "es"))


def named(text: str, at: int = 0, likeness: Likeness | None = None) -> NamedBook | None:
    return FINDER.match(normalise(text), text, at, likeness)


def book_and_rest(text: str, at: int = 0) -> tuple[str, str] | None:
    """The OSIS id of the book that is named at a position, and the text after the name."""
    found = named(text, at)
    return (found.book.osis, text[found.end :]) if found else None


@given(st.text(max_size=60))
@example("İsaiah ẞ ﬁ Å")
def test_normalised_text_is_in_lower_case_and_characters_keep_their_positions(text: str) -> None:
    normalised = normalise(text)

    assert len(text) == len(normalised)
    assert normalised == normalised.lower() == normalise(normalised)


def test_normalised_text_has_no_diacritics_and_one_kind_of_dash_and_space() -> None:
    assert "exodo 3:1-2 - nandu" == normalise("ÉXODO\u00a03:1–2\u2009—\u202fÑandú")
    assert "1º 2ª 3°" == normalise("1º 2ª 3°")
    assert "isaiah" == normalise("İsaiah")


@pytest.mark.parametrize(
    ("text", "book"),
    [
        ("John 3:16", "John"),
        ("1 John 3:16", "1John"),
        ("I John 3:16", "1John"),
        ("1st John 3:16", "1John"),
        ("First John 3:16", "1John"),
        ("1.º Juan 3:16", "1John"),
        ("Segunda de Timoteo 3:16", "2Tim"),
        ("IV Kingdoms 3:16", "2Kgs"),
        ("The Gospel according to St. John 3:16", "John"),
        ("The First Epistle of Paul to the Corinthians 3:16", "1Cor"),
        ("Song of Songs 3:16", "Song"),
        ("the Song of the Three Young Men 3:16", "PrAzar"),
        ("Wisdom of Jesus, Son of Sirach 3:16", "Sir"),
        ("Wisdom of Solomon 3:16", "Wis"),
        ("Bel and the Dragon 3:16", "Bel"),
        ("Éxodo 3:16", "Exod"),
        ("E\u0301xodo 3:16", "Exod"),
    ],
)
def test_a_name_includes_its_number_and_the_words_before_it(text: str, book: str) -> None:
    assert (book, " 3:16") == book_and_rest(text)


def test_psalm_151_is_a_book() -> None:
    assert ("AddPs", ":3") == book_and_rest("Psalm 151:3")
    assert ("Ps", " 1510") == book_and_rest("Psalm 1510")
    assert ("Ps", " 15:1") == book_and_rest("Psalm 15:1")


@pytest.mark.parametrize("text", ["1-3 John", "1st to 3rd John", "First through Third John", "I–III John"])
def test_a_range_of_numbers_names_the_first_and_the_last_book(text: str) -> None:
    found = named(text)

    assert found is not None
    assert ("1John", "3John", len(text)) == (found.book.osis, found.last.osis, found.end)


@pytest.mark.parametrize("text", ["1-3 Samuel", "3-1 John", "1-1 John"])
def test_a_range_that_the_family_lacks_or_that_ends_before_it_begins_is_not_a_name(text: str) -> None:
    assert named(text) is None


def test_at_most_six_words_before_a_name_are_skipped() -> None:
    assert ("John", " 3:16") == book_and_rest("of " * 6 + "John 3:16")
    assert book_and_rest("of " * 7 + "John 3:16") is None


def test_in_the_middle_of_a_text_a_misspelt_name_needs_a_capital_letter_a_chapter_and_a_verse() -> None:
    assert ("Gen", " 1:1") == book_and_rest("as Genisis 1:1", 3)
    assert [None, None] == [book_and_rest(text, 3) for text in ("as genisis 1:1", "as Genisis 1")]


def test_at_the_beginning_of_a_text_a_misspelt_name_needs_only_a_number() -> None:
    assert ("Gen", " 1") == book_and_rest("genisis 1")
    assert ("Gen", " 1") == book_and_rest("— genisis 1", 2)
    assert book_and_rest("genisis and more") is None


@pytest.mark.parametrize("text", ["June 5:30", "Line 3:1", "Page 3:16", "Version 2:4"])
def test_a_date_or_a_page_is_not_a_misspelt_name(text: str) -> None:
    assert named(text) is None


def test_with_a_likeness_no_number_is_needed() -> None:
    exodus, genesis = named("exodu", likeness=Likeness.SHORTENED), named("genisis", likeness=Likeness.MISSPELT)

    assert ("Exod", "Gen") == (exodus and exodus.book.osis, genesis and genesis.book.osis)
    assert named("genisis", likeness=Likeness.SHORTENED) is None


@pytest.mark.parametrize(
    ("text", "at", "is_common"),
    [
        ("mark 3", 0, True),
        ("Mark 3", 0, False),
        ("MARK 3", 0, False),
        ("Is 40", 0, True),
        ("See Is 40", 4, False),
        ("Mar 14", 0, True),
        ("1 co 13", 0, False),
        ("matthew 5", 0, False),
    ],
)
def test_a_name_that_is_also_an_ordinary_word_is_common(text: str, at: int, is_common: bool) -> None:
    found = named(text, at)

    assert found is not None
    assert is_common == found.common


@pytest.mark.parametrize(("text", "at"), [("x1john", 1), ("log2p1", 3), ("a3john 1", 1)])
def test_a_digit_between_letters_is_not_the_number_of_a_book(text: str, at: int) -> None:
    assert named(text, at) is None


@pytest.mark.parametrize(
    ("rest", "follows"),
    [(" 3", True), (", 3:16", True), (" ch. 3", True), (" capítulo 3", True), (" v. 5", True), (" and 3", False)],
)
def test_only_signs_and_words_for_chapter_and_verse_are_between_a_name_and_its_number(rest: str, follows: bool) -> None:
    assert follows == (NUMBER_FOLLOWS.match(normalise(rest)) is not None)


@given(
    st.text(alphabet="aeijkmnorstJGP1234 .,:;-–ºfvch&()\u0301\u00a0", max_size=40), st.sampled_from([None, *Likeness])
)
def test_a_name_is_inside_the_text(text: str, likeness: Likeness | None) -> None:
    for at in range(len(text)):
        found = named(text, at, likeness)
        assert found is None or at < found.end <= len(text)
