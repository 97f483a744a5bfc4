"""Class codes, by which people join with their name."""

from collections.abc import Callable

import pytest

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    class_codes,
    people,
    signing_in,
)
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    CodeInvalid,
    NameInvalid,
    NotAllowed,
    Person,
)
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


def test_a_class_that_is_closed_or_over_lets_nobody_in(
    database: Database, anna: Person, later: Callable[[float], None]
) -> None:
    closed = class_codes.open_class(database, leader=anna, name="Sunday", hours=2)
    ben = signing_in.join(database, code=closed.code, name="Ben", **WHERE)
    class_codes.close_class(database, closed.id, leader=anna)
    with pytest.raises(CodeInvalid):
        signing_in.join(database, code=closed.code, name="Eve", **WHERE)
    assert queries.identify_session(database, ben.token).person == ben.person
    class_codes.close_class(database, closed.id, leader=anna, sign_out=True)
    assert queries.identify_session(database, ben.token).person is None

    over = class_codes.open_class(database, leader=anna, name="Monday", hours=2)
    later(2 * 3600 + 1)
    with pytest.raises(CodeInvalid):
        signing_in.join(database, code=over.code, name="Eve", **WHERE)


def test_a_leader_closes_no_class_of_another(database: Database, anna: Person) -> None:
    leaders = [
        people.create(database, name=name, login=name, password=PASSWORD, role=Role.LEADER) for name in ("Ben", "Cara")
    ]
    opened = class_codes.open_class(database, leader=leaders[0], name="Sunday", hours=2)
    with pytest.raises(NotAllowed):
        class_codes.close_class(database, opened.id, leader=leaders[1])

    assert class_codes.close_class(database, opened.id, leader=leaders[0]).revoked_at
    assert class_codes.close_class(database, opened.id, leader=anna).revoked_at


def test_a_class_is_open_for_a_while_only(database: Database, anna: Person) -> None:
    for hours in (0, -1, 1e15):
        with pytest.raises(NameInvalid):
            class_codes.open_class(database, leader=anna, name="Sunday", hours=hours)
