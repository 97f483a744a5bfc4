"""Sign-in while the database cannot be written."""

import pytest
from fakes.accounts import NOW, PASSWORD, create_person, remove, reset_password
from fakes.clock import FakeClock

from appliance.community.accounts import queries
from appliance.community.accounts.memory_sessions import (
    LIFETIME_S,
    MAX_FROM_OTHER_MACHINES,
    MAX_PER_DEVICE,
    WINDOW_S,
    MemorySessions,
)
from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.operations.sessions import end_session, is_due
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Person, SignInFailed, TooManyAttempts
from appliance.infrastructure.clock import SYSTEM_CLOCK
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DiskFull

FULL = DiskFull("The disk is full.")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def sessions(clock: FakeClock) -> MemorySessions:
    return MemorySessions(clock)


def sign_in(
    sessions: MemorySessions,
    database: Database,
    *,
    login: str = "anna",
    password: str = PASSWORD,
    address: str = "10.0.0.7",
) -> str:
    _, token = sessions.sign_in(database, login=login, password=password, address=address, agent="Firefox", error=FULL)
    return token


def test_an_administrator_signs_in_without_a_write(sessions: MemorySessions, database: Database, anna: Person) -> None:
    before = database.path.with_name("appliance.db-wal").stat().st_size
    token = sign_in(sessions, database)

    assert anna == sessions.identify(database, token).person
    assert sessions.identify(database, f"{token}x").person is None
    assert before == database.path.with_name("appliance.db-wal").stat().st_size


def test_other_roles_must_wait_for_free_space(sessions: MemorySessions, database: Database, anna: Person) -> None:
    create_person(database, "Ben", Role.LEADER)
    with pytest.raises(DiskFull):
        sign_in(sessions, database, login="ben")
    with pytest.raises(SignInFailed):
        sign_in(sessions, database, password="wrong")


def test_guesses_are_counted_per_address_and_in_total(
    sessions: MemorySessions, database: Database, anna: Person, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "appliance.community.accounts.memory_sessions.verify_password", lambda typed, _password_hash: typed == PASSWORD
    )
    for _ in range(MAX_PER_DEVICE):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(sessions, database)
    sign_in(sessions, database, address="10.0.0.8")
    for number in range(MAX_FROM_OTHER_MACHINES - MAX_PER_DEVICE):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong", address=f"10.0.1.{number}")
    with pytest.raises(TooManyAttempts):
        sign_in(sessions, database, address="10.0.0.8")
    clock.passed += WINDOW_S + 1
    sign_in(sessions, database)


def test_correct_passwords_of_other_roles_count_as_no_failures(
    sessions: MemorySessions, database: Database, anna: Person
) -> None:
    create_person(database, "Ben", Role.MEMBER)
    for _ in range(MAX_PER_DEVICE + 1):
        with pytest.raises(DiskFull):
            sign_in(sessions, database, login="ben")
    sign_in(sessions, database)


def test_a_correct_password_of_another_person_gives_no_extra_guesses(
    sessions: MemorySessions, database: Database, anna: Person
) -> None:
    create_person(database, "Ben", Role.MEMBER)
    for _ in range(MAX_PER_DEVICE - 1):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong")
    with pytest.raises(DiskFull):
        sign_in(sessions, database, login="ben")
    with pytest.raises(SignInFailed):
        sign_in(sessions, database, password="wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(sessions, database)


def test_the_addresses_of_one_device_count_together(sessions: MemorySessions, database: Database, anna: Person) -> None:
    for number in range(MAX_PER_DEVICE):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong", address=f"2001:db8:1:2::{number + 1:x}")
    with pytest.raises(TooManyAttempts):
        sign_in(sessions, database, address="2001:db8:1:2::ffff")
    sign_in(sessions, database, address="2001:db8:1:3::1")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_other_machines_cannot_lock_out_the_server_itself(
    sessions: MemorySessions,
    database: Database,
    anna: Person,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "appliance.community.accounts.memory_sessions.verify_password", lambda typed, _password_hash: typed == PASSWORD
    )
    for number in range(MAX_FROM_OTHER_MACHINES):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong", address=f"10.0.1.{number}")
    with pytest.raises(TooManyAttempts):
        sign_in(sessions, database)
    for _ in range(MAX_PER_DEVICE - 1):
        with pytest.raises(SignInFailed):
            sign_in(sessions, database, password="wrong", address=address)
    sign_in(sessions, database, address=address)


def test_all_sessions_of_a_person_are_all_sessions_and_end_with_the_password(
    sessions: MemorySessions, database: Database, anna: Person
) -> None:
    ben_id = create_person(database, "Ben", Role.ADMINISTRATOR).id
    first, second, ben_token = (
        sign_in(sessions, database),
        sign_in(sessions, database),
        sign_in(sessions, database, login="ben"),
    )
    tokens = (first, second, ben_token)
    all_sessions = [sessions.identify(database, token).session for token in tokens]
    assert all_sessions[:2] == sessions.sessions_of(database, anna.id)
    reset_password(database, anna)

    assert [] == sessions.sessions_of(database, anna.id)
    assert [all_sessions[2]] == sessions.sessions_of(database, ben_id)
    assert [None, None, "Ben"] == [
        person and person.name for person in (sessions.identify(database, token).person for token in tokens)
    ]


def test_a_memory_session_ends_after_its_lifetime_on_sign_out_and_on_a_new_password(
    sessions: MemorySessions, database: Database, anna: Person, clock: FakeClock
) -> None:
    first, second, third = (sign_in(sessions, database) for _ in range(3))
    session = sessions.identify(database, first).session
    assert session is not None
    assert not sessions.end(database, person=anna.id + 1, session=session.id)
    assert sessions.end(database, person=anna.id, session=session.id)
    assert sessions.identify(database, first).person is None
    assert sessions.identify(database, second).person == anna
    clock.passed += LIFETIME_S
    assert sessions.identify(database, second).person is None
    clock.passed -= LIFETIME_S
    reset_password(database, anna)
    assert sessions.identify(database, third).person is None


def test_sign_in_falls_back_to_memory_if_the_disk_is_full(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The sessions of this process use the system clock.
    now = SYSTEM_CLOCK.time()

    def full(*_arguments: object, **_options: object) -> None:
        raise FULL

    with monkeypatch.context() as disk:
        disk.setattr(Database, "write", full)
        other = signing_in.sign_in(
            database, login="Anna", password=PASSWORD, address="10.0.0.7", agent="Chrome", now=now
        )
    assert ["Chrome"] == [session.agent for session in queries.sessions(database, anna.id, now=now)]
    reset_password(database, anna, PASSWORD)
    assert [] == queries.sessions(database, anna.id, now=now)
    assert queries.identify_session(database, other.token, now=now).person is None

    monkeypatch.setattr(Database, "write", full)
    signed_in = signing_in.sign_in(
        database, login="Anna", password=PASSWORD, address="10.0.0.7", agent="Firefox", now=now
    )
    identity = queries.identify_session(database, signed_in.token, now=now)
    assert identity.person == anna
    assert identity.session is not None
    assert not is_due(identity.session, now)
    end_session(database, person=anna.id, session=identity.session.id, now=now)

    assert queries.identify_session(database, signed_in.token, now=now).person is None


def test_the_memory_session_of_a_removed_person_ends(
    sessions: MemorySessions, database: Database, anna: Person
) -> None:
    ben = create_person(database, "Ben", Role.ADMINISTRATOR)
    token = sign_in(sessions, database, login="ben")
    remove(database, ben)

    assert sessions.identify(database, token).person is None
    assert [] == sessions.sessions_of(database, ben.id)
