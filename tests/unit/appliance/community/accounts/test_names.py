"""Names are normalised before they are stored and compared."""

import pytest

from appliance.community.accounts.names import MAX_NAME, checked_name, plain_name
from appliance.community.accounts.person import NameInvalid


def test_names_are_normalised() -> None:
    assert "\u00c4nna Berg" == plain_name("  A\u0308nna \t Berg ")


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME + 1), "An\u200bna", "An\x07na"])
def test_empty_long_and_unprintable_names_are_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        checked_name(name)


def test_a_name_of_sixty_characters_is_valid() -> None:
    assert "x" * MAX_NAME == checked_name(f" {'x' * MAX_NAME} ")
