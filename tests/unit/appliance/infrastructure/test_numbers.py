"""Numbers in text from users and files."""

import pytest

from appliance.infrastructure.numbers import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("200", 200),
        ("201", None),
        ("007", 7),
        ("0" * 10_000 + "9", 9),
        ("9" * 6_000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        (" 1", None),
        ("1_0", None),
        ("²", None),
        ("१६", 16),
        ("٣", 3),
        ("x", None),
        ("1\0", None),
        ("\ud800", None),
    ],
)
def test_only_decimal_digits_up_to_a_limit_are_a_number(text: str, number: int | None) -> None:
    assert number == whole_number(text, max_value=200)
