"""Class codes, with which people join by giving only their name."""

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


def test_nobody_joins_a_closed_or_expired_class(database: Database, anna: Person) -> None:
    closed = open_class(database, anna)
    ben = join(database, closed.code, "Ben")
    close_class(database, closed, anna)
    with pytest.raises(CodeInvalid):
        join(database, closed.code, "Eve")
    assert queries.identify_session(database, ben.token, now=NOW).person == ben.person
    close_class(database, closed, anna, sign_out=True)
    assert queries.identify_session(database, ben.token, now=NOW).person is None

    expired = open_class(database, anna, "Monday")
    with pytest.raises(CodeInvalid):
        join(database, expired.code, "Eve", now=NOW + 2 * 3600)
    assert join(database, expired.code, "Eve", now=NOW + 2 * 3600 - 1)


def test_a_leader_cannot_close_the_class_of_another_leader(database: Database, anna: Person) -> None:
    ben, cara = (create_person(database, name, Role.LEADER) for name in ("Ben", "Cara"))
    opened = open_class(database, ben)
    with pytest.raises(NotAllowed):
        close_class(database, opened, cara)
    assert [None] == [class_code.revoked_at for class_code in queries.class_codes(database)]

    assert NOW == close_class(database, opened, ben).revoked_at
    assert NOW == close_class(database, opened, anna).revoked_at


def test_an_unknown_class_cannot_be_closed(database: Database, anna: Person) -> None:
    with pytest.raises(ClassCodeNotFound), database.write() as work:
        class_codes.close_class(work, 99, leader=anna, now=NOW)


@pytest.mark.parametrize(("name", "hours"), [("Sunday", 0), ("Sunday", -1), ("Sunday", 1e15), (" ", 2), ("x" * 61, 2)])
def test_a_class_needs_a_name_and_a_limited_time(database: Database, anna: Person, name: str, hours: float) -> None:
    with pytest.raises(NameInvalid), database.write() as work:
        class_codes.open_class(work, leader=anna, name=name, hours=hours, now=NOW)
