"""`lampstand users`: accounts from the command line."""

import json

import pytest
from argon2 import PasswordHasher
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD, create_administrator, create_person, create_token, sign_in
from fakes.command_home import CommandHome

from appliance.community.accounts import passwords, queries
from appliance.community.accounts.operations import site_setup
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    AlreadySetUp,
    LastAdministrator,
    NameTaken,
    PasswordRefused,
    Person,
    PersonNotFound,
    SignInFailed,
)
from appliance.infrastructure.database import Database
from appliance.study import store
from server.cli.users import users


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with weak parameters, which take no time."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def database(home: CommandHome) -> Database:
    return home.appliance.appliance_db


@pytest.fixture
def anna(database: Database) -> Person:
    return create_administrator(database)


def roles(database: Database) -> dict[str, Role]:
    """The role of each person, by name."""
    return {person.name: person.role for person in queries.people(database)}


def test_the_first_administrator_is_created_without_a_browser(home: CommandHome, database: Database) -> None:
    result = home.run(users, "setup", "--name", "Anna", "--password-stdin", answer=f"{PASSWORD}\n")

    assert "Created the administrator Anna. Other machines on the network can now connect.\n" == result.output
    assert {"Anna": Role.ADMINISTRATOR} == roles(database)
    assert "Anna" == sign_in(database, "anna", PASSWORD).person.name


def test_setup_asks_for_the_name_and_twice_for_the_password(home: CommandHome, database: Database) -> None:
    result = home.run(users, "setup", answer=f"Anna\n{PASSWORD}\n{PASSWORD}\n")

    assert 0 == result.exit_code
    assert {"Anna": Role.ADMINISTRATOR} == roles(database)
    assert PASSWORD not in result.output


def test_two_different_passwords_are_asked_for_again(home: CommandHome, database: Database) -> None:
    answers = ("Anna", PASSWORD, NEW_PASSWORD, NEW_PASSWORD, NEW_PASSWORD)
    home.run(users, "setup", answer="".join(f"{answer}\n" for answer in answers))

    assert "Anna" == sign_in(database, "anna", NEW_PASSWORD).person.name


def test_a_site_is_set_up_only_once(home: CommandHome, anna: Person) -> None:
    with pytest.raises(AlreadySetUp):
        home.run(users, "setup", "--name", "Ben", "--password-stdin", answer=f"{PASSWORD}\n")
    with pytest.raises(AlreadySetUp):
        home.run(users, "setup", "--code")

    assert ["Anna"] == list(roles(home.appliance.appliance_db))


def test_a_new_set_up_code_works_in_the_browser_and_ends_the_older_one(home: CommandHome, database: Database) -> None:
    older, code = (home.run(users, "setup", "--code").output.strip() for _ in range(2))

    assert older != code
    assert {} == roles(database)
    signed_in = site_setup.set_up(
        database, code=code, name="Anna", password=PASSWORD, address="10.0.0.7", agent="Firefox", now=NOW
    )
    assert Role.ADMINISTRATOR is signed_in.person.role


def test_a_weak_password_creates_no_account(home: CommandHome, database: Database, anna: Person) -> None:
    with pytest.raises(PasswordRefused, match="fewer than 8 characters"):
        home.run(users, "add", "Ben", "--password-stdin", answer="short\n")
    with pytest.raises(PasswordRefused):
        home.run(users, "add", "Ben", "--password-stdin", answer="")

    assert ["Anna"] == list(roles(database))


def test_an_account_has_its_name_as_username_and_is_a_member(
    home: CommandHome, database: Database, anna: Person
) -> None:
    result = home.run(users, "add", "Ben", "--password-stdin", answer=f"{PASSWORD}\n")

    assert "Created user ben (member).\n" == result.output
    assert Role.MEMBER is sign_in(database, "ben", PASSWORD).person.role


def test_an_account_can_have_another_username_and_role(home: CommandHome, database: Database, anna: Person) -> None:
    arguments = ("add", "Ben", "--login", "BenM", "--role", "leader", "--password-stdin")

    assert "Created user benm (leader).\n" == home.run(users, *arguments, answer=f"{PASSWORD}\n").output
    assert "Ben" == sign_in(database, "benm", PASSWORD).person.name


def test_a_name_is_taken_only_once(home: CommandHome, anna: Person) -> None:
    with pytest.raises(NameTaken):
        home.run(users, "add", "ANNA", "--password-stdin", answer=f"{PASSWORD}\n")


def test_a_site_without_users_says_how_to_create_the_administrator(home: CommandHome) -> None:
    assert "No users yet. Create the administrator with `lampstand users setup`.\n" == home.run(users, "list").output


def test_users_are_listed_with_their_role(home: CommandHome, database: Database, anna: Person) -> None:
    create_person(database, "Ben", Role.LEADER, login="benm")
    heading, *lines = (line.split() for line in home.run(users, "list").output.splitlines())

    assert ["name", "username", "role", "since"] == heading
    # 1,800,000,000 seconds after 1970 is in January 2027 in every time zone.
    assert [["Anna", "anna", "administrator", "January", "2027"], ["Ben", "benm", "leader", "January", "2027"]] == [
        [*line[:3], *line[-2:]] for line in lines
    ]


def test_json_of_users_has_no_password(home: CommandHome, anna: Person) -> None:
    output = home.run(users, "list", "--json").output
    listed = json.loads(output)

    assert [("Anna", "administrator")] == [(person["name"], person["role"]) for person in listed["people"]]
    assert listed["guests_may_read"] is True
    assert "argon2" not in output


def test_a_role_can_be_changed(home: CommandHome, database: Database, anna: Person) -> None:
    create_person(database, "Ben")

    assert "Changed the role of Ben to leader.\n" == home.run(users, "role", "BEN", "leader").output
    assert Role.LEADER is roles(database)["Ben"]


def test_the_last_administrator_keeps_the_role(home: CommandHome, database: Database, anna: Person) -> None:
    with pytest.raises(LastAdministrator):
        home.run(users, "role", "anna", "member")

    assert {"Anna": Role.ADMINISTRATOR} == roles(database)


def test_nobody_can_get_the_role_guest(home: CommandHome, anna: Person) -> None:
    result = home.run(users, "role", "anna", "guest")

    assert 2 == result.exit_code
    assert "'administrator', 'leader', 'member'" in result.output


def test_a_new_password_ends_sessions_and_tokens(home: CommandHome, database: Database, anna: Person) -> None:
    ben = create_person(database, "Ben")
    session, token = sign_in(database, "ben"), create_token(database, ben)
    result = home.run(users, "password", "ben", "--password-stdin", answer=f"{NEW_PASSWORD}\n")

    assert "Set a new password for Ben.\n" == result.output
    assert queries.identify_session(database, session.token, now=NOW).person is None
    assert queries.token_owner(database, token.token, now=NOW) is None
    assert ben == sign_in(database, "ben", NEW_PASSWORD).person
    with pytest.raises(SignInFailed):
        sign_in(database, "ben", PASSWORD)


def test_a_person_is_removed_with_their_questions_only_after_confirmation(
    home: CommandHome, database: Database, anna: Person
) -> None:
    ben = create_person(database, "Ben")
    with database.write() as work:
        store.insert_message(
            work, "m1", asked_by=ben.id, question="What is light?", translation="WEB", owner="a/b/1/1", now=NOW
        )
    declined = home.run(users, "remove", "ben", answer="n\n")
    assert (1, ["Anna", "Ben"]) == (declined.exit_code, list(roles(database)))
    assert "Remove Ben and all their data? This cannot be undone." in declined.output

    assert home.run(users, "remove", "ben", answer="y\n").output.endswith("Removed Ben.\n")
    assert ["Anna"] == list(roles(database))
    assert 0 == database.reader.value("SELECT count(*) FROM messages")


def test_the_last_administrator_cannot_be_removed(home: CommandHome, database: Database, anna: Person) -> None:
    with pytest.raises(LastAdministrator):
        home.run(users, "remove", "anna", "--yes")

    assert ["Anna"] == list(roles(database))


@pytest.mark.parametrize(
    "arguments", [["role", "cara", "leader"], ["password", "cara", "--password-stdin"], ["remove", "cara", "--yes"]]
)
def test_an_unknown_person_is_not_found(home: CommandHome, anna: Person, arguments: list[str]) -> None:
    with pytest.raises(PersonNotFound, match="No person is called 'cara'"):
        home.run(users, *arguments, answer=f"{PASSWORD}\n")


@pytest.mark.parametrize(
    ("access", "sentence", "allowed"),
    [
        ("may-read", "Guests can read and search.\n", True),
        ("may-not-read", "Only users who are signed in can read and search.\n", False),
    ],
)
def test_reading_without_signing_in_can_be_allowed_and_forbidden(
    home: CommandHome, database: Database, access: str, sentence: str, allowed: bool
) -> None:
    assert sentence == home.run(users, "guests", access).output
    assert allowed is queries.guests_may_read(database)
