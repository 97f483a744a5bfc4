"""Names have one form, by which they are stored and compared."""

import pytest

from appliance.community.accounts.names import MAX_NAME, checked_name, plain_name
from appliance.community.accounts.person import NameInvalid


def test_a_letter_has_one_form_and_words_one_space() -> None:
    assert "\u00c4nna Berg" == plain_name("  A\u0308nna \t Berg ")


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME + 1), "An\u200bna", "An\x07na"])
def test_a_name_has_letters_that_are_seen_and_not_too_many(name: str) -> None:
    with pytest.raises(NameInvalid):
        checked_name(name)


def test_a_name_of_sixty_letters_is_valid() -> None:
    assert "x" * MAX_NAME == checked_name(f" {'x' * MAX_NAME} ")
