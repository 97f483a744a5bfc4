"""The only table of roles and permissions. The guard of every route, its test, and the test of the README use this table."""

from enum import StrEnum


class Role(StrEnum):
    """The roles, from the most permissions to the fewest."""

    ADMINISTRATOR = "administrator"
    LEADER = "leader"
    MEMBER = "member"
    GUEST = "guest"


class Permission(StrEnum):
    """The permission that a route needs. All except `public` are also scopes of API tokens."""

    PUBLIC = "public"
    READ = "read"
    ASK = "ask"
    MANAGE_ACCOUNT = "manage-account"
    MANAGE_CLASSES = "manage-classes"
    ADMINISTER = "administer"


MEANING = {
    Permission.PUBLIC: "Open the pages for sign-in, joining a class, set-up and trust",
    Permission.READ: "Read and search; see topics, words and background jobs",
    Permission.ASK: "Ask questions and see the answers; query the graph",
    Permission.MANAGE_ACCOUNT: "Manage own sessions, tokens and notifications; cancel own jobs",
    Permission.MANAGE_CLASSES: "Open and close classes; make announcements",
    Permission.ADMINISTER: "Manage people, translations, jobs, queues and settings",
}
MIN_ROLE = {
    Permission.PUBLIC: Role.GUEST,
    Permission.READ: Role.GUEST,
    Permission.ASK: Role.MEMBER,
    Permission.MANAGE_ACCOUNT: Role.MEMBER,
    Permission.MANAGE_CLASSES: Role.LEADER,
    Permission.ADMINISTER: Role.ADMINISTRATOR,
}
_RANK = {role: rank for rank, role in enumerate((Role.GUEST, Role.MEMBER, Role.LEADER, Role.ADMINISTRATOR))}


def permits(role: Role, permission: Permission, *, guests_may_read: bool) -> bool:
    """True if a role has a permission. `guests_may_read` is a setting of the site."""
    lowest_role = MIN_ROLE[permission]
    if permission is Permission.READ and not guests_may_read:
        lowest_role = Role.MEMBER
    return _RANK[role] >= _RANK[lowest_role]


def audience_of_role(role: Role) -> str:
    """Return the event audience of all people with this role or a higher role."""
    return f"{role.value}s"


def audiences(role: Role) -> frozenset[str]:
    """Return the event audiences of a person with this role: the audience of the role, and those of all lower roles."""
    return frozenset(audience_of_role(lower) for lower in Role if _RANK[lower] <= _RANK[role])


ADMINISTRATORS = audience_of_role(Role.ADMINISTRATOR)
LEADERS = audience_of_role(Role.LEADER)
MEMBERS = audience_of_role(Role.MEMBER)
