"""Signing in by a password, and joining by a class code."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.accounts import NOW, PASSWORD, create_person, open_class, remove, reset_password

from appliance.community.accounts import attempts, queries, store
from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import CodeInvalid, NameTaken, Person, SignInFailed, TooManyAttempts
from appliance.infrastructure.database import Database

WHERE = {"address": "10.0.0.7", "agent": "Firefox", "now": NOW}


def test_one_signs_in_by_name_in_any_case(database: Database, anna: Person) -> None:
    entered = signing_in.sign_in(database, login=" ANNA ", password=PASSWORD, **WHERE)
    (session,) = queries.sessions(database, anna.id, now=NOW)

    assert anna == entered.person
    assert ("10.0.0.7", "Firefox", NOW) == (session.address, session.agent, session.created_at)


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    database: Database, anna: Person, login: str, password: str
) -> None:
    with pytest.raises(SignInFailed, match="do not go together"):
        signing_in.sign_in(database, login=login, password=password, **WHERE)


def test_guessing_a_password_closes_the_account_for_one_address_only(database: Database, anna: Person) -> None:
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(SignInFailed):
            signing_in.sign_in(database, login="anna", password="wrong", **WHERE)

    with pytest.raises(TooManyAttempts, match="minutes"):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    assert signing_in.sign_in(database, login="anna", password=PASSWORD, address="10.0.0.8", agent="", now=NOW)
    later = WHERE | {"now": NOW + attempts.WINDOW_S + 1}
    assert signing_in.sign_in(database, login="anna", password=PASSWORD, **later)


def test_guessing_many_names_closes_the_address(database: Database, anna: Person) -> None:
    for number in range(attempts.MOST_FROM_ONE):
        with database.write() as work:
            attempts.begin_attempt(work, f"login name{number}", WHERE["address"], now=NOW)

    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)


@pytest.mark.parametrize("change", ["password", "removed"])
def test_nobody_signs_in_by_a_password_that_was_changed_while_it_was_checked(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ben = create_person(database)
    check = signing_in.is_right

    def checked_slowly(password: str, kept: str | None) -> bool:
        right = check(password, kept)
        if change == "password":
            reset_password(database, ben)
        else:
            remove(database, ben)
        return right

    monkeypatch.setattr(signing_in, "is_right", checked_slowly)
    with pytest.raises(SignInFailed):
        signing_in.sign_in(database, login="ben", password=PASSWORD, **WHERE)

    assert [] == queries.sessions(database, ben.id, now=NOW)


def test_people_join_a_class_with_a_name(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
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


def test_a_name_that_is_taken_uses_up_no_attempt(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE + 1):
        with pytest.raises(NameTaken):
            signing_in.join(database, code=opened.code, name="Anna", **WHERE)

    assert "Ben" == signing_in.join(database, code=opened.code, name="Ben", **WHERE).person.name


def test_a_full_class_takes_nobody_more(database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_class(database, anna)
    monkeypatch.setattr(signing_in, "MOST_JOINED", 1)
    signing_in.join(database, code=opened.code, name="Ben", **WHERE)

    with pytest.raises(CodeInvalid, match="Sunday is full"):
        signing_in.join(database, code=opened.code, name="Cara", **WHERE)


def test_nobody_has_joined_where_the_session_could_not_be_stored(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    with database.write() as work:
        work.execute("CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(Exception, match="broken"):
        signing_in.join(database, code=opened.code, name="Ben", **WHERE)

    assert [anna] == queries.people(database)


def test_passwords_kept_by_weaker_parameters_are_kept_anew(database: Database, anna: Person) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, {"person": anna.id, "password": weak})
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
    ahead = WHERE | {"now": NOW + 3600}
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(SignInFailed):
            signing_in.sign_in(database, login="anna", password="wrong", **ahead)
    with pytest.raises(TooManyAttempts):
        signing_in.sign_in(database, login="anna", password=PASSWORD, **ahead)

    assert anna == signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE).person
