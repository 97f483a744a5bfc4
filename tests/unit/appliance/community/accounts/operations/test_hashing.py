"""Passwords are never hashed inside a unit of work, so other processes can write meanwhile."""

from collections.abc import Callable, Iterator

import apsw
import pytest
from argon2 import PasswordHasher
from fakes.accounts import (
    ADDRESS,
    AGENT,
    NEW_PASSWORD,
    NOW,
    PASSWORD,
    create_administrator,
    create_person,
    join,
    open_class,
    reset_password,
    sign_in,
)

from appliance.community.accounts import passwords, queries, store
from appliance.community.accounts.operations import password_changes, people, site_setup
from appliance.community.accounts.person import SignInFailed
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DatabaseBusy


class WritingHasher:
    """A hasher that checks on each call that another process can write to a database."""

    def __init__(self, database: Database) -> None:
        self.calls = 0
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._other_connection = apsw.Connection(str(database.path))

    def _write_from_outside(self) -> None:
        self.calls += 1
        # Raises BusyError immediately if a unit of work is open.
        self._other_connection.execute("BEGIN IMMEDIATE; ROLLBACK")

    def hash(self, password: str) -> str:
        self._write_from_outside()
        return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        self._write_from_outside()
        return self._hasher.verify(password_hash, password)

    def check_needs_rehash(self, _password_hash: str) -> bool:
        return True

    def close(self) -> None:
        self._other_connection.close()


@pytest.fixture
def hasher(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[WritingHasher]:
    hasher = WritingHasher(database)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    yield hasher
    hasher.close()


def sign_in_with_a_wrong_password(database: Database) -> None:
    with pytest.raises(SignInFailed):
        sign_in(database, password="wrong")


def change_password(database: Database) -> None:
    anna = queries.person_named(database, "anna")
    password_changes.change_password(
        database, person=anna, old=PASSWORD, new=NEW_PASSWORD, session=None, address=ADDRESS, now=NOW
    )


def reset(database: Database) -> None:
    reset_password(database, queries.person_named(database, "anna"))


def take_account(database: Database) -> None:
    opened = open_class(database, queries.person_named(database, "anna"))
    ben = join(database, opened.code, "Ben").person
    account = people.new_account_of(ben, login="ben", password=PASSWORD)
    with database.write() as work:
        people.take_account(work, ben, account)


@pytest.mark.parametrize(
    "operation", [sign_in, sign_in_with_a_wrong_password, change_password, reset, create_person, take_account]
)
def test_passwords_are_hashed_outside_units_of_work(
    database: Database, hasher: WritingHasher, operation: Callable[[Database], object]
) -> None:
    create_administrator(database)
    before = hasher.calls
    operation(database)

    assert hasher.calls > before


def test_set_up_hashes_the_password_outside_units_of_work(database: Database, hasher: WritingHasher) -> None:
    with database.write() as work:
        code = site_setup.new_setup_code(work)
    site_setup.set_up(database, code=code, name="Anna", password=PASSWORD, address=ADDRESS, agent=AGENT, now=NOW)

    assert 1 == hasher.calls
    assert database.reader.value(store.SELECT_PASSWORD, (1,)).startswith("$argon2id$")


def test_the_hasher_of_these_tests_detects_an_open_unit_of_work(database: Database, hasher: WritingHasher) -> None:
    with pytest.raises(DatabaseBusy), database.write():
        passwords.hash_password(PASSWORD)
