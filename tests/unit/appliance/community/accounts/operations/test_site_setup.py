"""Setting up the site."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.community.accounts import attempts, queries
from appliance.community.accounts.operations import (
    site_setup,
)
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    AlreadySetUp,
    CodeInvalid,
    TooManyAttempts,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_the_set_up_code_creates_the_administrator_once(database: Database) -> None:
    code = site_setup.new_setup_code(database)
    typed = code.lower().replace("-", " ")
    entered = site_setup.set_up(database, code=typed, name="Anna", password=PASSWORD, **WHERE)

    assert (Role.ADMINISTRATOR, "anna") == (entered.person.role, entered.person.login)
    assert entered.person == queries.identify_session(database, entered.token).person
    with pytest.raises(AlreadySetUp):
        site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    with pytest.raises(AlreadySetUp):
        site_setup.new_setup_code(database)


def test_a_wrong_or_older_set_up_code_creates_nobody(database: Database) -> None:
    older = site_setup.new_setup_code(database)
    site_setup.new_setup_code(database)
    for code in (older, "AAAA-AAAA", ""):
        with pytest.raises(CodeInvalid):
            site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)

    assert [] == queries.people(database)


def test_guessing_the_set_up_code_ends_soon(database: Database) -> None:
    code = site_setup.new_setup_code(database)
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(CodeInvalid):
            site_setup.set_up(database, code="AAAA-AAAA", name="Eve", password=PASSWORD, **WHERE)

    with pytest.raises(TooManyAttempts) as refused:
        site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    assert 0 < refused.value.retry_after_s <= attempts.WINDOW_S


def test_two_who_set_up_at_once_make_one_administrator(database: Database) -> None:
    code = site_setup.new_setup_code(database)

    def set_up(name: str) -> bool:
        try:
            site_setup.set_up(database, code=code, name=name, password=PASSWORD, **WHERE)
        except (AlreadySetUp, CodeInvalid):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(set_up, ["Anna", "Ben", "Cara", "Dan"]))

    assert 1 == done.count(True) == len(queries.people(database))
