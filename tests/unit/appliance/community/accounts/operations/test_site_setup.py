"""Setting up the site."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.accounts import NOW, PASSWORD

from appliance.community.accounts import attempts, queries
from appliance.community.accounts.operations import site_setup
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import AlreadySetUp, CodeInvalid, PasswordRefused, TooManyAttempts
from appliance.infrastructure.database import Database

WHERE = {"address": "10.0.0.7", "agent": "Firefox", "now": NOW}


def new_setup_code(database: Database) -> str:
    with database.write() as work:
        return site_setup.new_setup_code(work)


def test_the_set_up_code_creates_the_administrator_once(database: Database) -> None:
    code = new_setup_code(database)
    typed = code.lower().replace("-", " ")
    entered = site_setup.set_up(database, code=typed, name="Anna", password=PASSWORD, **WHERE)

    assert (Role.ADMINISTRATOR, "anna", NOW) == (entered.person.role, entered.person.login, entered.person.created_at)
    assert entered.person == queries.identify_session(database, entered.token, now=NOW).person
    with pytest.raises(AlreadySetUp):
        site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    with pytest.raises(AlreadySetUp):
        new_setup_code(database)


def test_a_wrong_or_older_set_up_code_creates_nobody(database: Database) -> None:
    older = new_setup_code(database)
    new_setup_code(database)
    for code in (older, "AAAA-AAAA", ""):
        with pytest.raises(CodeInvalid):
            site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)

    assert [] == queries.people(database)


def test_guessing_the_set_up_code_ends_soon(database: Database) -> None:
    code = new_setup_code(database)
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(CodeInvalid):
            site_setup.set_up(database, code="AAAA-AAAA", name="Eve", password=PASSWORD, **WHERE)

    with pytest.raises(TooManyAttempts) as refused:
        site_setup.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    assert attempts.WINDOW_S == refused.value.retry_after_s


def test_a_password_that_is_refused_uses_up_no_attempt_and_leaves_the_code_valid(database: Database) -> None:
    code = new_setup_code(database)
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE + 1):
        with pytest.raises(PasswordRefused):
            site_setup.set_up(database, code=code, name="Anna", password="short", **WHERE)

    assert site_setup.set_up(database, code=code, name="Anna", password=PASSWORD, **WHERE)


def test_two_who_set_up_at_once_make_one_administrator(database: Database) -> None:
    code = new_setup_code(database)

    def set_up(name: str) -> bool:
        try:
            site_setup.set_up(database, code=code, name=name, password=PASSWORD, **WHERE)
        except (AlreadySetUp, CodeInvalid):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(set_up, ["Anna", "Ben", "Cara", "Dan"]))

    assert 1 == done.count(True) == len(queries.people(database))


def test_the_code_is_void_once_the_administrator_was_created_without_it(database: Database) -> None:
    new_setup_code(database)
    account = site_setup.new_administrator(database.reader, name="Anna", password=PASSWORD)
    with database.write() as work:
        site_setup.create_administrator(work, account, now=NOW)

    with pytest.raises(AlreadySetUp):
        site_setup.new_administrator(database.reader, name="Eve", password=PASSWORD)
    with pytest.raises(AlreadySetUp), database.write() as work:
        site_setup.create_administrator(work, account, now=NOW)
