"""Class codes, by which people join with their name."""

import pytest
from fakes.accounts import NOW, create_person, join, open_class

from appliance.community.accounts import queries
from appliance.community.accounts.operations import class_codes
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    ClassCode,
    ClassCodeNotFound,
    CodeInvalid,
    NameInvalid,
    NotAllowed,
    Person,
)
from appliance.infrastructure.database import Database


def close_class(database: Database, opened: ClassCode, leader: Person, *, sign_out: bool = False) -> ClassCode:
    with database.write() as work:
        return class_codes.close_class(work, opened.id, leader=leader, sign_out=sign_out, now=NOW)


def test_a_class_that_is_closed_or_over_lets_nobody_in(database: Database, anna: Person) -> None:
    closed = open_class(database, anna)
    ben = join(database, closed.code, "Ben")
    close_class(database, closed, anna)
    with pytest.raises(CodeInvalid):
        join(database, closed.code, "Eve")
    assert queries.identify_session(database, ben.token, now=NOW).person == ben.person
    close_class(database, closed, anna, sign_out=True)
    assert queries.identify_session(database, ben.token, now=NOW).person is None

    over = open_class(database, anna, "Monday")
    with pytest.raises(CodeInvalid):
        join(database, over.code, "Eve", now=NOW + 2 * 3600)
    assert join(database, over.code, "Eve", now=NOW + 2 * 3600 - 1)


def test_a_leader_closes_no_class_of_another(database: Database, anna: Person) -> None:
    ben, cara = (create_person(database, name, Role.LEADER) for name in ("Ben", "Cara"))
    opened = open_class(database, ben)
    with pytest.raises(NotAllowed):
        close_class(database, opened, cara)
    assert [None] == [each.revoked_at for each in queries.class_codes(database)]

    assert NOW == close_class(database, opened, ben).revoked_at
    assert NOW == close_class(database, opened, anna).revoked_at


def test_a_class_that_does_not_exist_cannot_be_closed(database: Database, anna: Person) -> None:
    with pytest.raises(ClassCodeNotFound), database.write() as work:
        class_codes.close_class(work, 99, leader=anna, now=NOW)


@pytest.mark.parametrize(("name", "hours"), [("Sunday", 0), ("Sunday", -1), ("Sunday", 1e15), (" ", 2), ("x" * 61, 2)])
def test_a_class_has_a_name_and_is_open_for_a_while_only(
    database: Database, anna: Person, name: str, hours: float
) -> None:
    with pytest.raises(NameInvalid), database.write() as work:
        class_codes.open_class(work, leader=anna, name=name, hours=hours, now=NOW)
