"""Sign-in with a password, and joining with a class code."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.accounts import (
    ADDRESS,
    AGENT,
    NOW,
    PASSWORD,
    create_person,
    join,
    open_class,
    remove,
    reset_password,
    sign_in,
)

from appliance.community.accounts import attempts, passwords, queries, store
from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import CodeInvalid, NameTaken, Person, SignInFailed, TooManyAttempts
from appliance.infrastructure.database import Database


def test_a_person_signs_in_with_a_name_in_any_case(database: Database, anna: Person) -> None:
    signed_in = sign_in(database, " ANNA ")
    (session,) = queries.sessions(database, anna.id, now=NOW)

    assert anna == signed_in.person
    assert (ADDRESS, AGENT, NOW) == (session.address, session.agent, session.created_at)


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_give_the_same_error(
    database: Database, anna: Person, login: str, password: str
) -> None:
    with pytest.raises(SignInFailed, match="Wrong name or password"):
        sign_in(database, login, password)


def test_guessing_a_password_closes_the_account_for_one_address_only(database: Database, anna: Person) -> None:
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE):
        with pytest.raises(SignInFailed):
            sign_in(database, password="wrong")

    with pytest.raises(TooManyAttempts, match="minutes"):
        sign_in(database)
    assert sign_in(database, address="10.0.0.8")
    assert sign_in(database, now=NOW + attempts.WINDOW_S + 1)


def test_guessing_many_names_closes_the_address(database: Database, anna: Person) -> None:
    for number in range(attempts.MAX_PER_DEVICE):
        with database.write() as work:
            attempts.begin_attempt(work, f"login name{number}", ADDRESS, now=NOW)

    with pytest.raises(TooManyAttempts):
        sign_in(database)


@pytest.mark.parametrize("change", ["password", "removed"])
def test_sign_in_fails_if_the_password_changes_during_the_check(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ben = create_person(database)
    check = passwords.verify_password

    def check_slowly(password: str, password_hash: str | None) -> bool:
        is_correct = check(password, password_hash)
        if change == "password":
            reset_password(database, ben)
        else:
            remove(database, ben)
        return is_correct

    monkeypatch.setattr(signing_in, "verify_password", check_slowly)
    with pytest.raises(SignInFailed):
        sign_in(database, "ben")

    assert [] == queries.sessions(database, ben.id, now=NOW)


def test_people_join_a_class_with_a_name(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    ben = join(database, f"{opened.code[:3].lower()} {opened.code[3:]}", " Ben ")

    assert ("Ben", None, Role.MEMBER, opened.id) == (
        ben.person.name,
        ben.person.login,
        ben.person.role,
        ben.person.class_code,
    )
    assert [1] == [class_code.joined for class_code in queries.class_codes(database)]
    for taken in ("ben", "Anna", "anna"):
        with pytest.raises(NameTaken):
            join(database, opened.code, taken)


def test_a_taken_name_counts_as_no_attempt(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE + 1):
        with pytest.raises(NameTaken):
            join(database, opened.code, "Anna")

    assert "Ben" == join(database, opened.code, "Ben").person.name


def test_nobody_joins_a_full_class(database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_class(database, anna)
    monkeypatch.setattr(signing_in, "MAX_JOINED", 1)
    join(database, opened.code, "Ben")

    with pytest.raises(CodeInvalid, match="Sunday is full"):
        join(database, opened.code, "Cara")


def test_joining_is_undone_if_the_session_cannot_be_stored(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    with database.write() as work:
        work.execute("CREATE TRIGGER broken BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(Exception, match="broken"):
        join(database, opened.code, "Ben")

    assert [anna] == queries.people(database)


def test_outdated_password_hashes_are_replaced_at_sign_in(
    database: Database, anna: Person, real_passwords: None
) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, {"person": anna.id, "password": weak})
    sign_in(database)

    assert "m=19456,t=2,p=1" in database.reader.value(store.SELECT_PASSWORD, (anna.id,))


def test_parallel_guesses_get_no_extra_attempts(database: Database, anna: Person) -> None:
    def guess(number: int) -> str:
        try:
            sign_in(database, password=f"wrong {number}")
        except SignInFailed:
            return "checked"
        except TooManyAttempts:
            return "refused"
        return "in"

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(24)))

    assert attempts.MAX_PER_ACCOUNT_AND_DEVICE == answers.count("checked")
    assert 24 - attempts.MAX_PER_ACCOUNT_AND_DEVICE == answers.count("refused")


def test_successful_sign_ins_count_as_no_attempts(database: Database, anna: Person) -> None:
    for _ in range(attempts.MAX_PER_DEVICE + 1):
        sign_in(database)


def test_setting_the_clock_back_closes_no_account(database: Database, anna: Person) -> None:
    ahead = NOW + 3600
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE):
        with pytest.raises(SignInFailed):
            sign_in(database, password="wrong", now=ahead)
    with pytest.raises(TooManyAttempts):
        sign_in(database, now=ahead)

    assert anna == sign_in(database).person
