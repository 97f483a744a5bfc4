"""The permissions and event audiences of roles."""

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
def test_a_permission_belongs_to_its_lowest_role_and_all_higher_roles(permission: Permission) -> None:
    roles = [Role.ADMINISTRATOR, Role.LEADER, Role.MEMBER, Role.GUEST]
    permitted = [role for role in roles if permits(role, permission, guests_may_read=True)]

    assert roles[: roles.index(MIN_ROLE[permission]) + 1] == permitted


def test_reading_can_be_limited_to_members() -> None:
    assert not permits(Role.GUEST, Permission.READ, guests_may_read=False)
    assert permits(Role.MEMBER, Permission.READ, guests_may_read=False)
    assert permits(Role.GUEST, Permission.PUBLIC, guests_may_read=False)


def test_a_role_belongs_to_its_own_audience_and_those_of_lower_roles() -> None:
    assert {"guests"} == audiences(Role.GUEST)
    assert {LEADERS, MEMBERS, "guests"} == audiences(Role.LEADER)
    assert {ADMINISTRATORS, LEADERS, MEMBERS, "guests"} == audiences(Role.ADMINISTRATOR)
