"""Which passwords are accepted."""

import pytest

from appliance.community.accounts.operations import (
    site_setup,
)
from appliance.community.accounts.person import (
    PasswordRefused,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "password123", "12345678", "annaanna", "lampstand1", "qwertyuiop"]
)
def test_passwords_that_are_guessed_first_are_refused(database: Database, password: str) -> None:
    with pytest.raises(PasswordRefused):
        site_setup.create_administrator(database, name="Anna", password=password)
