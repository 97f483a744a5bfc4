"""New passwords, which end sessions and API tokens."""

import pytest

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    api_tokens,
    password_changes,
    people,
    signing_in,
)
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import (
    PasswordRefused,
    Person,
    SignInFailed,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_a_password_is_not_changed_without_the_old_one(database: Database, anna: Person) -> None:
    with pytest.raises(SignInFailed):
        password_changes.change_password(
            database, person=anna, old="wrong", new="nine blue rivers run", session=None, address="10.0.0.7"
        )


@pytest.mark.parametrize("remove", [False, True])
def test_a_new_password_removes_tokens_where_that_is_asked(database: Database, anna: Person, remove: bool) -> None:
    ben = people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    own, others = (
        api_tokens.create_token(database, person=person, name="t", scopes=[Permission.READ], days=None).token
        for person in (anna, ben)
    )
    new = "nine blue rivers run"
    password_changes.change_password(
        database, person=anna, old=PASSWORD, new=new, session=None, address="10.0.0.7", remove_tokens=remove
    )

    assert remove == (queries.token_owner(database, own) is None)
    assert queries.token_owner(database, others) is not None


def test_a_password_that_is_refused_removes_nothing(database: Database, anna: Person) -> None:
    made = api_tokens.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    for old, new in ((PASSWORD, "short"), ("wrong", "nine blue rivers run")):
        with pytest.raises((PasswordRefused, SignInFailed)):
            password_changes.change_password(
                database, person=anna, old=old, new=new, session=None, address="10.0.0.7", remove_tokens=True
            )

    assert queries.token_owner(database, made.token) is not None


def test_a_reset_password_ends_sessions_and_tokens_or_nothing(database: Database, anna: Person) -> None:
    entered = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    made = api_tokens.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    with database.write() as work:
        work.execute("CREATE TRIGGER kept BEFORE DELETE ON api_tokens BEGIN SELECT RAISE(ABORT, 'kept'); END")
    with pytest.raises(Exception, match="kept"):
        password_changes.reset_password(database, person=anna, password="nine blue rivers run")
    assert signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE), "the old password is valid"
    assert queries.identify_session(database, entered.token).person == anna

    with database.write() as work:
        work.execute("DROP TRIGGER kept")
    password_changes.reset_password(database, person=anna, password="nine blue rivers run")
    assert queries.identify_session(database, entered.token).person is None
    assert queries.token_owner(database, made.token) is None


def test_a_new_password_from_an_administrator_voids_tokens_too(database: Database, anna: Person) -> None:
    made = api_tokens.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=None)
    password_changes.reset_password(database, person=anna, password="nine blue rivers run")

    assert queries.token_owner(database, made.token) is None
