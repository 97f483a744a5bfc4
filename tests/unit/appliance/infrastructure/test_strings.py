"""Many strings as arrays."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.strings import string_table, strings

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(TEXTS))
def test_strings_are_found_by_number(values: list[str]) -> None:
    made = strings(values)

    assert values == list(made) == [made[number] for number in range(len(made))]


@given(st.lists(TEXTS, unique=True), TEXTS)
def test_strings_are_found_by_what_they_say(values: list[str], other: str) -> None:
    table = string_table(values)

    assert list(range(len(values))) == [table.find(each) for each in values]
    assert (other in values) == (other in table)
    assert sum(each.encode() < other.encode() for each in values) == table.first_from(other)


def test_what_is_not_a_string_is_in_no_table() -> None:
    assert 3 not in string_table(["3"])
