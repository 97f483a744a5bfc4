"""Reads of people and roles."""

import pytest
from fakes.accounts import create_person, set_role

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Person, PersonNotFound
from appliance.infrastructure.database import Database


def test_people_are_found_by_login_first_and_then_by_name(database: Database, anna: Person) -> None:
    ben = create_person(database, "Ben", login="shepherd")
    shepherd = create_person(database, "Shepherd of Ai", login="cara")

    assert [ben, ben, shepherd, anna] == [
        queries.person_named(database, name) for name in ("shepherd", " BEN ", "shepherd of ai", "Anna")
    ]
    with pytest.raises(PersonNotFound):
        queries.person_named(database, "Dan")
    with pytest.raises(PersonNotFound):
        queries.person(database, 99)


def test_roles_can_be_read_within_a_unit_of_work(database: Database, anna: Person) -> None:
    ben = create_person(database)
    expected = {anna.id: Role.ADMINISTRATOR, ben.id: Role.LEADER}
    set_role(database, ben, Role.LEADER)
    with database.write() as work:
        assert expected == queries.roles(work)

    assert expected == queries.roles(database.reader)


def test_a_site_is_set_up_once_it_has_an_administrator(database: Database) -> None:
    assert not queries.is_set_up(database)
    ben = create_person(database)
    assert not queries.is_set_up(database)
    set_role(database, ben, Role.ADMINISTRATOR)
    assert queries.is_set_up(database)
