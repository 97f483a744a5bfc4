"""Numbers in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.references.spelled_numbers import SPELLED, spelled_value

SPELLED_NUMBER = re.compile(SPELLED)
ENGLISH = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SPANISH = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho "
    "diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
).split()
SPANISH_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()


def in_english(number: int, between: str) -> str:
    if number > 100:
        return f"one hundred and {in_english(number - 100, between)}"
    if number == 100:
        return "one hundred"
    if number < 20:
        return ENGLISH[number - 1]
    tens, unit = divmod(number, 10)
    return ENGLISH_TENS[tens - 2] + (between + ENGLISH[unit - 1] if unit else "")


def in_spanish(number: int) -> str:
    if number > 100:
        return f"ciento {in_spanish(number - 100)}"
    if number == 100:
        return "cien"
    if number < 30:
        return SPANISH[number - 1]
    tens, unit = divmod(number, 10)
    return SPANISH_TENS[tens - 3] + (f" y {SPANISH[unit - 1]}" if unit else "")


def read(text: str) -> tuple[str, int] | None:
    """The words of a number at the beginning of a text, and its value."""
    match = SPELLED_NUMBER.match(text)
    return (match[0], spelled_value(match[0])) if match else None


@pytest.mark.parametrize("between", [" ", "-"])
def test_every_english_number_up_to_199_has_its_value(between: str) -> None:
    for number in range(1, 200):
        words = in_english(number, between)
        assert (words, number) == read(f"{words}, and more")


def test_every_spanish_number_up_to_199_has_its_value() -> None:
    for number in range(1, 200):
        words = in_spanish(number)
        assert (words, number) == read(f"{words}, y más")


@pytest.mark.parametrize(
    ("written", "value"), [("a hundred", 100), ("a hundred three", 103), ("one hundred fifty-one", 151)]
)
def test_the_word_and_may_be_left_out_and_a_hundred_is_100(written: str, value: int) -> None:
    assert (written, value) == read(written)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one hundred and some", "one hundred"),
        ("one hundred of them", "one hundred"),
        ("twenty and one", "twenty"),
        ("treinta y más", "treinta"),
        ("three of them", "three"),
        ("seven, eight", "seven"),
    ],
)
def test_a_number_ends_before_the_next_word(text: str, words: str) -> None:
    match = read(text)

    assert match is not None
    assert words == match[0]


@pytest.mark.parametrize("text", ["sevenfold", "tension", "oneself", "dosel", "hundred", "a lamp", "and", "y", "", "3"])
def test_parts_of_words_and_other_words_are_not_numbers(text: str) -> None:
    assert read(text) is None


@given(
    st.lists(st.sampled_from([*ENGLISH, *ENGLISH_TENS, *SPANISH, *SPANISH_TENS, "a", "and", "hundred", "cien", "y"]))
)
def test_numbers_in_any_order_of_words_are_from_1_to_199(words: list[str]) -> None:
    matches = SPELLED_NUMBER.finditer(" ".join(words))

    assert all(1 <= spelled_value(match[0]) <= 199 for match in matches)
