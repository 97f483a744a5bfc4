"""API tokens, with which programs sign in."""

from collections.abc import Callable

import pytest

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    api_tokens,
    people,
    sessions,
    signing_in,
)
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import (
    Person,
    ScopeInvalid,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_a_token_may_do_no_more_than_its_owner(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    ben = people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    for scopes in ([Permission.ADMINISTER], []):
        with pytest.raises(ScopeInvalid):
            api_tokens.create_token(database, person=ben, name="t", scopes=scopes, days=None)
    made = api_tokens.create_token(database, person=ben, name="t", scopes=[Permission.READ], days=7)
    found = queries.token_owner(database, made.token)

    assert found == (made.details, ben)
    assert made.token not in str(made.details)
    later(8 * sessions.DAY_S)
    assert queries.token_owner(database, made.token) is None


def test_passwords_and_tokens_are_nowhere_in_the_clear(database: Database, anna: Person) -> None:
    entered = signing_in.sign_in(database, login="anna", password=PASSWORD, **WHERE)
    made = api_tokens.create_token(database, person=anna, name="t", scopes=[Permission.READ], days=1)
    database.close()
    written = b"".join(path.read_bytes() for path in database.path.parent.glob("appliance.db*"))

    assert b"$argon2id$" in written
    for secret in (PASSWORD, entered.token, made.token):
        assert secret.encode() not in written
