"""Accounts and roles of people."""

import pytest
from fakes.accounts import (
    NEW_PASSWORD,
    NOW,
    PASSWORD,
    create_administrator,
    create_person,
    create_token,
    join,
    open_class,
    remove,
    set_role,
    sign_in,
)

from appliance.community.accounts import queries
from appliance.community.accounts.events import PersonJoined, SiteSetUp
from appliance.community.accounts.operations import people
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    LastAdministrator,
    NameTaken,
    PasswordRefused,
    Person,
    PersonNotFound,
    RoleInvalid,
)
from appliance.infrastructure.database import Database
from server.bootstrap import Appliance


def test_the_last_administrator_cannot_be_removed_or_demoted(database: Database, anna: Person) -> None:
    with pytest.raises(LastAdministrator):
        set_role(database, anna, Role.MEMBER)
    with pytest.raises(LastAdministrator):
        remove(database, anna)
    create_person(database, "Ben", Role.ADMINISTRATOR)

    assert Role.MEMBER is set_role(database, anna, Role.MEMBER).role


def test_a_person_who_has_become_the_last_administrator_cannot_be_removed(database: Database, anna: Person) -> None:
    ben = create_person(database, "Ben", Role.MEMBER)
    set_role(database, ben, Role.ADMINISTRATOR)
    set_role(database, anna, Role.MEMBER)
    with pytest.raises(LastAdministrator):
        remove(database, ben)


def test_changing_a_person_who_has_been_removed_fails(database: Database, anna: Person) -> None:
    ben = create_person(database, "Ben", Role.MEMBER)
    remove(database, ben)

    with pytest.raises(PersonNotFound):
        set_role(database, ben, Role.LEADER)


def test_a_removed_person_loses_sessions_and_tokens(database: Database, anna: Person) -> None:
    ben = create_person(database)
    signed_in = sign_in(database, "ben")
    new_token = create_token(database, ben)
    remove(database, ben)

    assert queries.identify_session(database, signed_in.token, now=NOW).person is None
    assert queries.token_owner(database, new_token.token, now=NOW) is None


def test_a_person_who_joined_with_a_code_can_get_an_account(database: Database, anna: Person) -> None:
    opened = open_class(database, anna)
    ben = join(database, opened.code, "Ben").person
    taken = people.new_account_of(ben, login="Anna", password=NEW_PASSWORD)
    with pytest.raises(NameTaken), database.write() as work:
        people.take_account(work, ben, taken)
    with pytest.raises(PasswordRefused):
        people.new_account_of(ben, login="Ben", password="short")
    account = people.new_account_of(ben, login="Ben", password=NEW_PASSWORD)
    with database.write() as work:
        ben = people.take_account(work, ben, account)

    assert ben == sign_in(database, "ben", NEW_PASSWORD).person
    with pytest.raises(NameTaken, match="You already have an account"):
        people.new_account_of(ben, login="ben2", password=NEW_PASSWORD)


def test_the_first_administrator_sets_up_the_site(appliance: Appliance) -> None:
    database = appliance.appliance_db
    ben = create_person(database)
    set_role(database, ben, Role.ADMINISTRATOR, now=NOW + 1)
    create_person(database, "Cara", Role.ADMINISTRATOR)
    events = appliance.events.after(0)

    assert [("Ben", NOW + 1)] == [
        (event.payload_as(SiteSetUp).administrator, event.at) for event in events if event.is_a(SiteSetUp)
    ]
    assert [("Ben", Role.MEMBER), ("Cara", Role.ADMINISTRATOR)] == [
        (joined.name, joined.role)
        for joined in (event.payload_as(PersonJoined) for event in events if event.is_a(PersonJoined))
    ]


@pytest.mark.parametrize("taken", ["ÄNNA", "A\u0308nna", "änna"])
def test_a_name_is_taken_in_every_spelling(database: Database, taken: str) -> None:
    create_administrator(database, "Änna")
    with pytest.raises(NameTaken):
        create_person(database, taken, login="other")
    with pytest.raises(NameTaken):
        create_person(database, "Other", login=taken)


def test_an_account_cannot_have_the_role_guest(database: Database, anna: Person) -> None:
    with pytest.raises(RoleInvalid):
        create_person(database, "Ben", Role.GUEST)
    with pytest.raises(RoleInvalid):
        set_role(database, anna, Role.GUEST)


def test_one_failed_write_undoes_the_whole_unit_of_work(database: Database, anna: Person) -> None:
    ben, cara = (
        people.new_account(name=name, login=name, password=PASSWORD, role=Role.MEMBER) for name in ("Ben", "Anna")
    )
    with pytest.raises(NameTaken), database.write() as work:
        people.create(work, ben, now=NOW)
        people.create(work, cara, now=NOW)

    assert [anna] == queries.people(database)
