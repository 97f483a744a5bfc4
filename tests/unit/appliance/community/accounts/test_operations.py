"""Setting up, signing in, joining, and looking after people."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.community.accounts import attempts, entry, operations, queries, store
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import (
    AlreadySetUp,
    CodeInvalid,
    LastAdministrator,
    NameInvalid,
    NameTaken,
    NotAllowed,
    PasswordRefused,
    Person,
    RoleInvalid,
    ScopeInvalid,
    SessionNotFound,
    SignInFailed,
    TooManyAttempts,
)
from appliance.infrastructure.database import Database
from server.bootstrap import Appliance

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


@pytest.fixture
def database(appliance: Appliance) -> Database:
    return appliance.appliance_db


@pytest.fixture
def anna(database: Database) -> Person:
    return operations.create_administrator(database, name="Anna", password=PASSWORD)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock forward by some seconds."""
    clock = operations.time.time

    def move(seconds: float) -> None:
        monkeypatch.setattr(operations.time, "time", lambda: clock() + seconds)

    return move


def test_the_set_up_code_creates_the_administrator_once(database: Database) -> None:
    code = operations.new_setup_code(database)
    typed = code.lower().replace("-", " ")
    entered = operations.set_up(database, code=typed, name="Anna", password=PASSWORD, **WHERE)

    assert (Role.ADMINISTRATOR, "anna") == (entered.person.role, entered.person.login)
    assert entered.person == queries.identify_session(database, entered.token).person
    with pytest.raises(AlreadySetUp):
        operations.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    with pytest.raises(AlreadySetUp):
        operations.new_setup_code(database)


def test_a_wrong_or_older_set_up_code_creates_nobody(database: Database) -> None:
    older = operations.new_setup_code(database)
    operations.new_setup_code(database)
    for code in (older, "AAAA-AAAA", ""):
        with pytest.raises(CodeInvalid):
            operations.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)

    assert [] == queries.people(database)


def test_guessing_the_set_up_code_ends_soon(database: Database) -> None:
    code = operations.new_setup_code(database)
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(CodeInvalid):
            operations.set_up(database, code="AAAA-AAAA", name="Eve", password=PASSWORD, **WHERE)

    with pytest.raises(TooManyAttempts) as refused:
        operations.set_up(database, code=code, name="Eve", password=PASSWORD, **WHERE)
    assert 0 < refused.value.retry_after_s <= attempts.WINDOW_S


def test_one_signs_in_by_name_in_any_case(database: Database, anna: Person) -> None:
    entered = operations.sign_in(database, login=" ANNA ", password=PASSWORD, **WHERE)

    assert anna == entered.person
    assert [("10.0.0.7", "Firefox")] == [(each.address, each.agent) for each in queries.sessions(database, anna.id)]


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    database: Database, anna: Person, login: str, password: str
) -> None:
    with pytest.raises(SignInFailed, match="do not go together"):
        operations.sign_in(database, login=login, password=password, **WHERE)


def test_guessing_a_password_closes_the_account_for_one_address_only(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    for _ in range(attempts.MOST_FOR_ONE_FROM_ONE):
        with pytest.raises(SignInFailed):
            operations.sign_in(database, login="anna", password="wrong", **WHERE)

    with pytest.raises(TooManyAttempts, match="minutes"):
        operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    assert operations.sign_in(database, login="anna", password=PASSWORD, address="10.0.0.8", agent="")
    later(attempts.WINDOW_S + 1)
    assert operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_guessing_many_names_closes_the_address(database: Database, anna: Person) -> None:
    counted = attempts.Attempts(database)
    for number in range(attempts.MOST_FROM_ONE):
        counted.begin(f"login name{number}", WHERE["address"])

    with pytest.raises(TooManyAttempts):
        operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_passwords_and_tokens_are_nowhere_in_the_clear(database: Database, anna: Person) -> None:
    entered = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    made = entry.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=1)
    database.close()
    written = b"".join(path.read_bytes() for path in database.path.parent.glob("appliance.db*"))

    assert b"$argon2id$" in written
    for secret in (PASSWORD, entered.token, made.token):
        assert secret.encode() not in written


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "password123", "12345678", "annaanna", "lampstand1", "qwertyuiop"]
)
def test_passwords_that_are_guessed_first_are_refused(database: Database, password: str) -> None:
    with pytest.raises(PasswordRefused):
        operations.create_administrator(database, name="Anna", password=password)


def test_a_password_counts_to_its_last_letter(database: Database) -> None:
    long = "Grüne Lampen, sieben am Fluss; Öl im Krug, kein Wind. " + "Wer ruft bei Nacht durchs dunkle Tal? Horch, x"
    operations.create_administrator(database, name="Anna", password=long)

    assert operations.sign_in(database, login="anna", password=long, **WHERE)
    for almost in (long[:-1], long.lower(), long + " ", long.strip()[:72]):
        with pytest.raises(SignInFailed):
            operations.sign_in(database, login="anna", password=almost, address="10.0.0.9", agent="")


def test_a_session_ends_when_it_is_not_used_and_after_half_a_year(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    entered = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    for days in range(0, 179, 20):
        later(days * operations.DAY_S)
        found = queries.identify_session(database, entered.token).session
        assert found is not None, days
        operations.touch(database, found)
    later(181 * operations.DAY_S)
    assert queries.identify_session(database, entered.token).person is None

    again = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    later((181 + 31) * operations.DAY_S)
    assert queries.identify_session(database, again.token).person is None
    assert 2 == operations.forget(database, 0.0)


def test_sessions_are_ended_one_by_one_and_by_a_new_password(database: Database, anna: Person) -> None:
    first, second, third = (operations.sign_in(database, login="anna", password=PASSWORD, **WHERE) for _ in range(3))
    kept = queries.identify_session(database, first.token).session
    ended = queries.identify_session(database, second.token).session
    operations.end_session(database, person=anna.id, session=ended.id)
    with pytest.raises(SessionNotFound):
        operations.end_session(database, person=anna.id + 1, session=kept.id)

    assert queries.identify_session(database, second.token).person is None
    operations.change_password(
        database, person=anna, old=PASSWORD, new="nine blue rivers run", session=kept.id, address="10.0.0.7"
    )
    assert [kept.id] == [each.id for each in queries.sessions(database, anna.id)]
    assert queries.identify_session(database, third.token).person is None
    assert operations.sign_in(database, login="anna", password="nine blue rivers run", **WHERE)


def test_a_password_is_not_changed_without_the_old_one(database: Database, anna: Person) -> None:
    with pytest.raises(SignInFailed):
        operations.change_password(
            database, person=anna, old="wrong", new="nine blue rivers run", session=None, address="10.0.0.7"
        )


@pytest.mark.parametrize("remove", [False, True])
def test_a_new_password_removes_tokens_where_that_is_asked(database: Database, anna: Person, remove: bool) -> None:
    ben = operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    own, others = (
        entry.create_token(database, person=person, name="t", scopes=[Permission.READ], days=None).token
        for person in (anna, ben)
    )
    new = "nine blue rivers run"
    operations.change_password(
        database, person=anna, old=PASSWORD, new=new, session=None, address="10.0.0.7", remove_tokens=remove
    )

    assert remove == (queries.token_owner(database, own) is None)
    assert queries.token_owner(database, others) is not None


def test_a_password_that_is_refused_removes_nothing(database: Database, anna: Person) -> None:
    made = entry.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    for old, new in ((PASSWORD, "short"), ("wrong", "nine blue rivers run")):
        with pytest.raises((PasswordRefused, SignInFailed)):
            operations.change_password(
                database, person=anna, old=old, new=new, session=None, address="10.0.0.7", remove_tokens=True
            )

    assert queries.token_owner(database, made.token) is not None


def test_a_reset_password_ends_sessions_and_tokens_or_nothing(database: Database, anna: Person) -> None:
    entered = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    made = entry.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    with database.write() as work:
        work.execute("CREATE TRIGGER kept BEFORE DELETE ON api_tokens BEGIN SELECT RAISE(ABORT, 'kept'); END")
        work.commit()
    with pytest.raises(Exception, match="kept"):
        operations.reset_password(database, person=anna, password="nine blue rivers run")
    assert operations.sign_in(database, login="anna", password=PASSWORD, **WHERE), "the old password is valid"
    assert queries.identify_session(database, entered.token).person == anna

    with database.write() as work:
        work.execute("DROP TRIGGER kept")
        work.commit()
    operations.reset_password(database, person=anna, password="nine blue rivers run")
    assert queries.identify_session(database, entered.token).person is None
    assert queries.token_owner(database, made.token) is None


@pytest.mark.parametrize("change", ["password", "removed"])
def test_nobody_signs_in_by_a_password_that_was_changed_while_it_was_checked(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ben = operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    check = operations.is_right

    def checked_slowly(password: str, kept: str | None) -> bool:
        right = check(password, kept)
        if change == "password":
            operations.reset_password(database, person=ben, password="nine blue rivers run")
        else:
            operations.remove(database, person=ben)
        return right

    monkeypatch.setattr(operations, "is_right", checked_slowly)
    with pytest.raises(SignInFailed):
        operations.sign_in(database, login="ben", password=PASSWORD, **WHERE)

    assert [] == queries.sessions(database, ben.id)


def test_people_join_a_class_with_a_name(database: Database, anna: Person) -> None:
    opened = entry.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = operations.join(database, code=f"{opened.code[:3].lower()} {opened.code[3:]}", name=" Ben ", **WHERE)

    assert ("Ben", None, Role.MEMBER, opened.id) == (
        ben.person.name,
        ben.person.login,
        ben.person.role,
        ben.person.class_code,
    )
    assert [1] == [each.joined for each in queries.class_codes(database)]
    for taken in ("ben", "Anna", "anna"):
        with pytest.raises(NameTaken):
            operations.join(database, code=opened.code, name=taken, **WHERE)


def test_a_class_that_is_closed_or_over_lets_nobody_in(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    closed = entry.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = operations.join(database, code=closed.code, name="Ben", **WHERE)
    entry.close_class(database, closed.id, leader=anna)
    with pytest.raises(CodeInvalid):
        operations.join(database, code=closed.code, name="Eve", **WHERE)
    assert queries.identify_session(database, ben.token).person == ben.person
    entry.close_class(database, closed.id, leader=anna, sign_out=True)
    assert queries.identify_session(database, ben.token).person is None

    over = entry.open_class(database, leader=anna, name="Monday", hours=2)
    later(2 * 3600 + 1)
    with pytest.raises(CodeInvalid):
        operations.join(database, code=over.code, name="Eve", **WHERE)


def test_who_joined_by_a_code_can_take_an_account(database: Database, anna: Person) -> None:
    opened = entry.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = operations.join(database, code=opened.code, name="Ben", **WHERE).person
    with pytest.raises(NameTaken):
        operations.take_account(database, person=ben, login="Anna", password="nine blue rivers run")
    operations.take_account(database, person=ben, login="Ben", password="nine blue rivers run")

    assert ben.id == operations.sign_in(database, login="ben", password="nine blue rivers run", **WHERE).person.id


def test_the_last_administrator_stays(database: Database, anna: Person) -> None:
    with pytest.raises(LastAdministrator):
        operations.set_role(database, person=anna, role=Role.MEMBER)
    with pytest.raises(LastAdministrator):
        operations.remove(database, person=anna)
    operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.ADMINISTRATOR)

    assert Role.MEMBER is operations.set_role(database, person=anna, role=Role.MEMBER).role


def test_whoever_is_removed_is_signed_out_and_their_tokens_are_void(database: Database, anna: Person) -> None:
    ben = operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    entered = operations.sign_in(database, login="ben", password=PASSWORD, **WHERE)
    made = entry.create_token(database, person=ben, name="t", scopes=[Permission.READ], days=None)
    operations.remove(database, person=ben)

    assert queries.identify_session(database, entered.token).person is None
    assert queries.token_owner(database, made.token) is None


def test_a_token_may_do_no_more_than_its_owner(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    ben = operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    for scopes in ([Permission.ADMINISTER], []):
        with pytest.raises(ScopeInvalid):
            entry.create_token(database, person=ben, name="t", scopes=scopes, days=None)
    made = entry.create_token(database, person=ben, name="t", scopes=[Permission.READ], days=7)
    found = queries.token_owner(database, made.token)

    assert found == (made.details, ben)
    assert made.token not in str(made.details)
    later(8 * operations.DAY_S)
    assert queries.token_owner(database, made.token) is None


def test_passwords_kept_by_weaker_parameters_are_kept_anew(database: Database, anna: Person) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, (weak, anna.id))
        work.commit()
    operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)

    assert "m=19456,t=2,p=1" in database.reader.value(store.SELECT_PASSWORD, (anna.id,))


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(database: Database, anna: Person) -> None:
    def guess(number: int) -> str:
        try:
            operations.sign_in(database, login="anna", password=f"wrong {number}", **WHERE)
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
        operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)


def test_two_who_set_up_at_once_make_one_administrator(database: Database) -> None:
    code = operations.new_setup_code(database)

    def set_up(name: str) -> bool:
        try:
            operations.set_up(database, code=code, name=name, password=PASSWORD, **WHERE)
        except (AlreadySetUp, CodeInvalid):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(set_up, ["Anna", "Ben", "Cara", "Dan"]))

    assert 1 == done.count(True) == len(queries.people(database))


def test_whoever_becomes_the_first_administrator_opens_the_house(appliance: Appliance) -> None:
    database = appliance.appliance_db
    operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    operations.set_role(database, person=queries.person_named(database, "ben"), role=Role.ADMINISTRATOR)

    assert ["house.set-up"] == [event.kind for event in appliance.events.after(0) if event.kind.startswith("house")]


def test_a_new_password_from_an_administrator_voids_tokens_too(database: Database, anna: Person) -> None:
    made = entry.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    operations.reset_password(database, person=anna, password="nine blue rivers run")

    assert queries.token_owner(database, made.token) is None


def test_a_leader_closes_no_class_of_another(database: Database, anna: Person) -> None:
    leaders = [
        operations.create(database, name=name, login=name, password=PASSWORD, role=Role.LEADER)
        for name in ("Ben", "Cara")
    ]
    opened = entry.open_class(database, leader=leaders[0], name="Sunday", hours=2)
    with pytest.raises(NotAllowed):
        entry.close_class(database, opened.id, leader=leaders[1])

    assert entry.close_class(database, opened.id, leader=leaders[0]).revoked_at
    assert entry.close_class(database, opened.id, leader=anna).revoked_at


@pytest.mark.parametrize("taken", ["ÄNNA", "A\u0308nna", "änna"])
def test_a_name_is_taken_in_every_spelling(database: Database, taken: str) -> None:
    operations.create_administrator(database, name="Änna", password=PASSWORD)
    with pytest.raises(NameTaken):
        operations.create(database, name=taken, login="other", password=PASSWORD, role=Role.MEMBER)
    with pytest.raises(NameTaken):
        operations.create(database, name="Other", login=taken, password=PASSWORD, role=Role.MEMBER)


def test_nobody_with_an_account_is_a_guest(database: Database, anna: Person) -> None:
    with pytest.raises(RoleInvalid):
        operations.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.GUEST)


def test_a_class_is_open_for_a_while_only(database: Database, anna: Person) -> None:
    for hours in (0, -1, 1e15):
        with pytest.raises(NameInvalid):
            entry.open_class(database, leader=anna, name="Sunday", hours=hours)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -40 * operations.DAY_S])
def test_a_clock_that_jumps_signs_nobody_out(database: Database, anna: Person, jump: float) -> None:
    entered = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    session = queries.identify_session(database, entered.token).session
    assert session is not None
    operations.touch(database, session, now=session.seen_at + jump)
    later = queries.identify_session(database, entered.token)

    assert anna == later.person
    assert later.session is not None
    assert later.session.expires_at >= session.expires_at


def test_a_clock_that_is_set_back_closes_no_account(database: Database, anna: Person) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            operations.sign_in(database, login="anna", password="wrong", **WHERE)
    with pytest.raises(TooManyAttempts):
        operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    with database.write() as work:
        # As though the clock had been an hour ahead when they were made.
        work.execute("UPDATE attempts SET at = at + 3600")
        work.commit()

    assert anna == operations.sign_in(database, login="anna", password=PASSWORD, **WHERE).person


def test_a_restored_backup_has_no_sessions(database: Database, anna: Person, tmp_path: Path) -> None:
    entered = operations.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    operations.end_all_sessions(database)
    assert queries.identify_session(database, entered.token).person is None
    assert [anna] == queries.people(database)

    operations.end_all_sessions(Database(tmp_path / "before-accounts.db", ()))
