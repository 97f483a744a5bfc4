"""Who may do what, and which audiences of events they belong to."""

import pytest

from appliance.community.accounts.permissions import (
    ADMINISTRATORS,
    LEADERS,
    MEMBERS,
    MIN_ROLE,
    Permission,
    Role,
    audiences,
    permits,
)


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_given_from_its_least_role_on(permission: Permission) -> None:
    roles = [Role.ADMINISTRATOR, Role.LEADER, Role.MEMBER, Role.GUEST]
    permitted = [role for role in roles if permits(role, permission, guests_may_read=True)]

    assert roles[: roles.index(MIN_ROLE[permission]) + 1] == permitted


def test_reading_may_be_for_members_only() -> None:
    assert not permits(Role.GUEST, Permission.READ, guests_may_read=False)
    assert permits(Role.MEMBER, Permission.READ, guests_may_read=False)
    assert permits(Role.GUEST, Permission.ENTER, guests_may_read=False)


def test_a_role_hears_what_is_meant_for_it_and_for_the_roles_below() -> None:
    assert {"guests"} == audiences(Role.GUEST)
    assert {LEADERS, MEMBERS, "guests"} == audiences(Role.LEADER)
    assert {ADMINISTRATORS, LEADERS, MEMBERS, "guests"} == audiences(Role.ADMINISTRATOR)
