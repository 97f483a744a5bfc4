"""API tokens for programs."""

import pytest
from fakes.accounts import NOW, PASSWORD, create_person, create_token

from appliance.community.accounts import queries
from appliance.community.accounts.operations import api_tokens, signing_in
from appliance.community.accounts.operations.api_tokens import DAY_S
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person, ScopeInvalid, TokenNotFound
from appliance.infrastructure.database import Database


def test_a_token_has_no_more_permissions_than_its_owner(database: Database, anna: Person) -> None:
    ben = create_person(database)
    for scopes in ([Permission.ADMINISTER], []):
        with pytest.raises(ScopeInvalid):
            create_token(database, ben, scopes)
    new_token = create_token(database, ben, days=7)

    assert (new_token.details, ben) == queries.token_owner(database, new_token.token, now=NOW)
    assert new_token.token not in str(new_token.details)
    assert queries.token_owner(database, new_token.token, now=NOW + 8 * DAY_S) is None


def test_the_use_of_a_token_is_stored_every_five_minutes(database: Database, anna: Person) -> None:
    new_token = create_token(database, anna)
    assert api_tokens.is_due(new_token.details, NOW)
    with database.write() as work:
        api_tokens.touch(work, new_token.details, now=NOW + 1)
    (used,) = queries.api_tokens(database, anna.id)

    assert NOW + 1 == used.used_at
    assert [False, True] == [api_tokens.is_due(used, NOW + 1 + seconds) for seconds in (299, 300)]


def test_only_its_owner_removes_a_token(database: Database, anna: Person) -> None:
    new_token = create_token(database, anna)
    with pytest.raises(TokenNotFound), database.write() as work:
        api_tokens.remove_token(work, person=anna.id + 1, token=new_token.details.id, now=NOW)
    assert queries.token_owner(database, new_token.token, now=NOW) is not None
    with database.write() as work:
        api_tokens.remove_token(work, person=anna.id, token=new_token.details.id, now=NOW)

    assert queries.token_owner(database, new_token.token, now=NOW) is None


def test_passwords_and_tokens_are_not_stored_in_plain_text(database: Database, anna: Person) -> None:
    signed_in = signing_in.sign_in(
        database, login="anna", password=PASSWORD, address="10.0.0.7", agent="Firefox", now=NOW
    )
    new_token = create_token(database, anna, days=1)
    database.close()
    written = b"".join(path.read_bytes() for path in database.path.parent.glob("appliance.db*"))

    assert b"$argon2id$" in written
    for secret in (PASSWORD, signed_in.token, new_token.token):
        assert secret.encode() not in written
