"""Set-up of the site."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.accounts import ADDRESS, AGENT, NOW, PASSWORD

from appliance.community.accounts import attempts, queries
from appliance.community.accounts.operations import site_setup
from appliance.community.accounts.operations.sessions import SignedIn
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import AlreadySetUp, CodeInvalid, PasswordRefused, TooManyAttempts
from appliance.infrastructure.database import Database


def new_setup_code(database: Database) -> str:
    with database.write() as work:
        return site_setup.new_setup_code(work)


def set_up(database: Database, code: str, *, name: str, password: str = PASSWORD) -> SignedIn:
    return site_setup.set_up(database, code=code, name=name, password=password, address=ADDRESS, agent=AGENT, now=NOW)


def test_the_set_up_code_creates_the_administrator_once(database: Database) -> None:
    code = new_setup_code(database)
    typed = code.lower().replace("-", " ")
    signed_in = set_up(database, typed, name="Anna")

    assert (Role.ADMINISTRATOR, "anna", NOW) == (
        signed_in.person.role,
        signed_in.person.login,
        signed_in.person.created_at,
    )
    assert signed_in.person == queries.identify_session(database, signed_in.token, now=NOW).person
    with pytest.raises(AlreadySetUp):
        set_up(database, code, name="Eve")
    with pytest.raises(AlreadySetUp):
        new_setup_code(database)


def test_wrong_and_older_set_up_codes_are_refused(database: Database) -> None:
    older = new_setup_code(database)
    new_setup_code(database)
    for code in (older, "AAAA-AAAA", ""):
        with pytest.raises(CodeInvalid):
            set_up(database, code, name="Eve")

    assert [] == queries.people(database)


def test_guesses_of_the_set_up_code_are_limited(database: Database) -> None:
    code = new_setup_code(database)
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE):
        with pytest.raises(CodeInvalid):
            set_up(database, "AAAA-AAAA", name="Eve")

    with pytest.raises(TooManyAttempts) as refused:
        set_up(database, code, name="Eve")
    assert attempts.WINDOW_S == refused.value.retry_after_s


def test_a_refused_password_counts_as_no_attempt_and_keeps_the_set_up_code(database: Database) -> None:
    code = new_setup_code(database)
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE + 1):
        with pytest.raises(PasswordRefused):
            set_up(database, code, name="Anna", password="short")

    assert set_up(database, code, name="Anna")


def test_parallel_set_ups_create_one_administrator(database: Database) -> None:
    code = new_setup_code(database)

    def has_set_up(name: str) -> bool:
        try:
            set_up(database, code, name=name)
        except (AlreadySetUp, CodeInvalid):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(has_set_up, ["Anna", "Ben", "Cara", "Dan"]))

    assert 1 == done.count(True) == len(queries.people(database))


def test_the_set_up_code_is_invalid_once_there_is_an_administrator(database: Database) -> None:
    new_setup_code(database)
    account = site_setup.new_administrator(database.reader, name="Anna", password=PASSWORD)
    with database.write() as work:
        site_setup.create_administrator(work, account, now=NOW)

    with pytest.raises(AlreadySetUp):
        site_setup.new_administrator(database.reader, name="Eve", password=PASSWORD)
    with pytest.raises(AlreadySetUp), database.write() as work:
        site_setup.create_administrator(work, account, now=NOW)
