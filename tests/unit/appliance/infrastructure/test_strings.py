"""Many strings in arrays."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.strings import string_table, strings

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(TEXTS))
def test_strings_are_found_by_number(values: list[str]) -> None:
    stored = strings(values)

    assert values == list(stored) == [stored[number] for number in range(len(stored))]


@given(st.lists(TEXTS, unique=True), TEXTS)
def test_strings_are_found_by_value(values: list[str], other: str) -> None:
    table = string_table(values)

    assert list(range(len(values))) == [table.find(value) for value in values]
    assert (other in values) == (other in table)
    assert sum(value.encode() < other.encode() for value in values) == table.first_from(other)


def test_a_value_that_is_not_a_string_is_in_no_table() -> None:
    assert 3 not in string_table(["3"])
