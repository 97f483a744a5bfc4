"""API tokens, with which programs sign in."""

import pytest
from fakes.accounts import NOW, PASSWORD, create_person, create_token

from appliance.community.accounts import queries
from appliance.community.accounts.operations import api_tokens, signing_in
from appliance.community.accounts.operations.api_tokens import DAY_S
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person, ScopeInvalid, TokenNotFound
from appliance.infrastructure.database import Database


def test_a_token_may_do_no_more_than_its_owner(database: Database, anna: Person) -> None:
    ben = create_person(database)
    for scopes in ([Permission.ADMINISTER], []):
        with pytest.raises(ScopeInvalid):
            create_token(database, ben, scopes)
    made = create_token(database, ben, days=7)

    assert (made.details, ben) == queries.token_owner(database, made.token, now=NOW)
    assert made.token not in str(made.details)
    assert queries.token_owner(database, made.token, now=NOW + 8 * DAY_S) is None


def test_the_use_of_a_token_is_noted_every_five_minutes(database: Database, anna: Person) -> None:
    made = create_token(database, anna)
    assert api_tokens.is_due(made.details, NOW)
    with database.write() as work:
        api_tokens.touch(work, made.details, now=NOW + 1)
    (used,) = queries.api_tokens(database, anna.id)

    assert NOW + 1 == used.used_at
    assert [False, True] == [api_tokens.is_due(used, NOW + 1 + seconds) for seconds in (299, 300)]


def test_a_token_is_removed_by_its_owner(database: Database, anna: Person) -> None:
    made = create_token(database, anna)
    with pytest.raises(TokenNotFound), database.write() as work:
        api_tokens.remove_token(work, person=anna.id + 1, token=made.details.id, now=NOW)
    assert queries.token_owner(database, made.token, now=NOW) is not None
    with database.write() as work:
        api_tokens.remove_token(work, person=anna.id, token=made.details.id, now=NOW)

    assert queries.token_owner(database, made.token, now=NOW) is None


def test_passwords_and_tokens_are_nowhere_in_the_clear(database: Database, anna: Person) -> None:
    entered = signing_in.sign_in(
        database, login="anna", password=PASSWORD, address="10.0.0.7", agent="Firefox", now=NOW
    )
    made = create_token(database, anna, days=1)
    database.close()
    written = b"".join(path.read_bytes() for path in database.path.parent.glob("appliance.db*"))

    assert b"$argon2id$" in written
    for secret in (PASSWORD, entered.token, made.token):
        assert secret.encode() not in written
