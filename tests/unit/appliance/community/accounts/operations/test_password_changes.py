"""Password changes, which end sessions and API tokens."""

from collections.abc import Callable

import pytest
from fakes.accounts import ADDRESS, NEW_PASSWORD, NOW, PASSWORD, create_person, create_token, reset_password, sign_in

from appliance.community.accounts import attempts, queries
from appliance.community.accounts.operations import password_changes
from appliance.community.accounts.person import PasswordRefused, Person, SignInFailed
from appliance.infrastructure.database import Database


def change_password(
    database: Database, person: Person, *, old: str = PASSWORD, new: str = NEW_PASSWORD, remove_tokens: bool = False
) -> None:
    """Change a password and end all sessions."""
    password_changes.change_password(
        database, person=person, old=old, new=new, session=None, address=ADDRESS, now=NOW, remove_tokens=remove_tokens
    )


def test_a_password_change_needs_the_old_password(database: Database, anna: Person) -> None:
    with pytest.raises(SignInFailed):
        change_password(database, anna, old="wrong")

    assert sign_in(database)


@pytest.mark.parametrize("remove", [False, True])
def test_a_new_password_removes_tokens_if_requested(database: Database, anna: Person, remove: bool) -> None:
    ben = create_person(database)
    own, others = (create_token(database, person).token for person in (anna, ben))
    change_password(database, anna, remove_tokens=remove)

    assert remove == (queries.token_owner(database, own, now=NOW) is None)
    assert queries.token_owner(database, others, now=NOW) is not None


def test_a_refused_password_removes_no_tokens(database: Database, anna: Person) -> None:
    new_token = create_token(database, anna)
    for old, new in ((PASSWORD, "short"), ("wrong", NEW_PASSWORD)):
        with pytest.raises((PasswordRefused, SignInFailed)):
            change_password(database, anna, old=old, new=new, remove_tokens=True)

    assert queries.token_owner(database, new_token.token, now=NOW) is not None


def test_a_refused_new_password_counts_as_no_attempt(database: Database, anna: Person) -> None:
    for _ in range(attempts.MAX_PER_ACCOUNT_AND_DEVICE + 1):
        with pytest.raises(PasswordRefused):
            change_password(database, anna, new="short")


def reset(database: Database, anna: Person) -> None:
    reset_password(database, anna)


def change(database: Database, anna: Person) -> None:
    change_password(database, anna, remove_tokens=True)


@pytest.mark.parametrize("new_password", [reset, change])
@pytest.mark.parametrize(
    "broken", ["UPDATE ON people", "DELETE ON sessions", "DELETE ON api_tokens", "INSERT ON events"]
)
def test_a_new_password_ends_sessions_and_tokens_in_one_transaction(
    database: Database, anna: Person, new_password: Callable[[Database, Person], None], broken: str
) -> None:
    signed_in = sign_in(database)
    new_token = create_token(database, anna)
    with database.write() as work:
        work.execute(f"CREATE TRIGGER broken BEFORE {broken} BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(Exception, match="broken"):
        new_password(database, anna)
    assert queries.identify_session(database, signed_in.token, now=NOW).person == anna
    assert queries.token_owner(database, new_token.token, now=NOW) is not None
    with database.write() as work:
        work.execute("DROP TRIGGER broken")
    assert sign_in(database), "the old password is valid"

    new_password(database, anna)
    assert queries.identify_session(database, signed_in.token, now=NOW).person is None
    assert queries.token_owner(database, new_token.token, now=NOW) is None
    assert sign_in(database, password=NEW_PASSWORD)


def test_a_password_reset_by_an_administrator_removes_tokens(database: Database, anna: Person) -> None:
    new_token = create_token(database, anna)
    reset_password(database, anna)

    assert queries.token_owner(database, new_token.token, now=NOW) is None
