"""Signing in by a password, and joining by a class code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.community.accounts import attempts, queries, store
from appliance.community.accounts.operations import (
    class_codes,
    password_changes,
    people,
    signing_in,
    site_setup,
)
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    NameTaken,
    Person,
    SignInFailed,
    TooManyAttempts,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_one_signs_in_by_name_in_any_case(database: Database, anna: Person) -> None:
    entered = signing_in.sign_in(database, login=" ANNA ", password=PASSWORD, **WHERE)

    assert anna == entered.person
    assert [("10.0.0.7", "Firefox")] == [(each.address, each.agent) for each in queries.sessions(database, anna.id)]


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    database: Database, anna: Person, login: str, password: str
) -> None:
    with pytest.raises(SignInFailed, match="do not go together"):
        signing_in.sign_in(database, login=login, password=password, **WHERE)


def test_guessing_a_password_closes_the_account_for_one_address_only(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(SignInFailed):
            signing_in.sign_in(database, login="anna", password="wrong", **WHERE)

    with pytest.raises(TooManyAttempts, match="minutes"):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    assert signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.0.0.8", agent="")
    later(attempts.WINDOW_S + 1)
    assert signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_guessing_many_names_closes_the_address(database: Database, anna: Person) -> None:
    counted = attempts.Attempts(database)
    for number in range(attempts.MOST_FROM_ONE):
        counted.begin(f"login name{number}", WHERE["address"])

    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_a_password_counts_to_its_last_letter(database: Database) -> None:
    long = "Grüne Lampen, sieben am Fluss; Öl im Krug, kein Wind. " + "Wer ruft bei Nacht durchs dunkle Tal? Horch, x"
    site_setup.create_administrator(database, name="Anna", password=long)

    assert signing_in.sign_in(database, login="anna", password=long, **WHERE)
    for almost in (long[:-1], long.lower(), long + " ", long.strip()[:72]):
        with pytest.raises(SignInFailed):
            signing_in.sign_in(database, login="anna", password=almost, address="10.0.0.9", agent="")


@pytest.mark.parametrize("change", ["password", "removed"])
def test_nobody_signs_in_by_a_password_that_was_changed_while_it_was_checked(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ben = people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    check = signing_in.is_right

    def checked_slowly(password: str, kept: str | None) -> bool:
        right = check(password, kept)
        if change == "password":
            password_changes.reset_password(database, person=ben, password="nine blue rivers run")
        else:
            people.remove(database, person=ben)
        return right

    monkeypatch.setattr(signing_in, "is_right", checked_slowly)
    with pytest.raises(SignInFailed):
        signing_in.sign_in(database, login="ben", password=PASSWORD, **WHERE)

    assert [] == queries.sessions(database, ben.id)


def test_people_join_a_class_with_a_name(database: Database, anna: Person) -> None:
    opened = class_codes.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = signing_in.join(database, code=f"{opened.code[:3].lower()} {opened.code[3:]}", name=" Ben ", **WHERE)

    assert ("Ben", None, Role.MEMBER, opened.id) == (
        ben.person.name,
        ben.person.login,
        ben.person.role,
        ben.person.class_code,
    )
    assert [1] == [each.joined for each in queries.class_codes(database)]
    for taken in ("ben", "Anna", "anna"):
        with pytest.raises(NameTaken):
            signing_in.join(database, code=opened.code, name=taken, **WHERE)


def test_passwords_kept_by_weaker_parameters_are_kept_anew(database: Database, anna: Person) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, (weak, anna.id))
    signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)

    assert "m=19456,t=2,p=1" in database.reader.value(store.SELECT_PASSWORD, (anna.id,))


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(database: Database, anna: Person) -> None:
    def guess(number: int) -> str:
        try:
            signing_in.sign_in(database, login="anna", password=f"wrong {number}", **WHERE)
        except SignInFailed:
            return "checked"
        except TooManyAttempts:
            return "refused"
        return "in"

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(24)))

    assert attempts.MOST_FOR_ONE_FROM_ONE == answers.count("checked")
    assert 24 - attempts.MOST_FOR_ONE_FROM_ONE == answers.count("refused")


def test_signing_in_does_not_use_up_attempts(database: Database, anna: Person) -> None:
    for _ in range(attempts.MOST_FROM_ONE + 1):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_a_clock_that_is_set_back_closes_no_account(database: Database, anna: Person) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            signing_in.sign_in(database, login="anna", password="wrong", **WHERE)
    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    with database.write() as work:
        # As though the clock had been an hour ahead when they were made.
        work.execute("UPDATE attempts SET at = at + 3600")

    assert anna == signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE).person
