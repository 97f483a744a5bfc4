"""People's accounts and roles."""

import pytest

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    api_tokens,
    class_codes,
    people,
    signing_in,
    site_setup,
)
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import (
    LastAdministrator,
    NameTaken,
    Person,
    RoleInvalid,
)
from appliance.infrastructure.database import Database
from server.bootstrap import Appliance

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_the_last_administrator_stays(database: Database, anna: Person) -> None:
    with pytest.raises(LastAdministrator):
        people.set_role(database, person=anna, role=Role.MEMBER)
    with pytest.raises(LastAdministrator):
        people.remove(database, person=anna)
    people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.ADMINISTRATOR)

    assert Role.MEMBER is people.set_role(database, person=anna, role=Role.MEMBER).role


def test_whoever_is_removed_is_signed_out_and_their_tokens_are_void(database: Database, anna: Person) -> None:
    ben = people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    entered = signing_in.sign_in(database, login="ben", password=PASSWORD, **WHERE)
    made = api_tokens.create_token(database, person=ben, name="t", scopes=[Permission.READ], days=None)
    people.remove(database, person=ben)

    assert queries.identify_session(database, entered.token).person is None
    assert queries.token_owner(database, made.token) is None


def test_who_joined_by_a_code_can_take_an_account(database: Database, anna: Person) -> None:
    opened = class_codes.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = signing_in.join(database, code=opened.code, name="Ben", **WHERE).person
    with pytest.raises(NameTaken):
        people.take_account(database, person=ben, login="Anna", password="nine blue rivers run")
    people.take_account(database, person=ben, login="Ben", password="nine blue rivers run")

    assert ben.id == signing_in.sign_in(database, login="ben", password="nine blue rivers run", **WHERE).person.id


def test_whoever_becomes_the_first_administrator_opens_the_house(appliance: Appliance) -> None:
    database = appliance.appliance_db
    people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)
    people.set_role(database, person=queries.person_named(database, "ben"), role=Role.ADMINISTRATOR)

    assert ["house.set-up"] == [event.kind for event in appliance.events.after(0) if event.kind.startswith("house")]


@pytest.mark.parametrize("taken", ["ÄNNA", "A\u0308nna", "änna"])
def test_a_name_is_taken_in_every_spelling(database: Database, taken: str) -> None:
    site_setup.create_administrator(database, name="Änna", password=PASSWORD)
    with pytest.raises(NameTaken):
        people.create(database, name=taken, login="other", password=PASSWORD, role=Role.MEMBER)
    with pytest.raises(NameTaken):
        people.create(database, name="Other", login=taken, password=PASSWORD, role=Role.MEMBER)


def test_nobody_with_an_account_is_a_guest(database: Database, anna: Person) -> None:
    with pytest.raises(RoleInvalid):
        people.create(database, name="Ben", login="ben", password=PASSWORD, role=Role.GUEST)
