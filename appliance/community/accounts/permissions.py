"""Who may do what: the one table, which the guard of every route, its test and the README's table read."""

from enum import StrEnum


class Role(StrEnum):
    """From the most to the least that one may do."""

    ADMINISTRATOR = "administrator"
    LEADER = "leader"
    MEMBER = "member"
    GUEST = "guest"


class Permission(StrEnum):
    """What a route lets one do. These are also the scopes that a token may have, but for `enter`."""

    ENTER = "enter"
    READ = "read"
    ASK = "ask"
    OWN = "own"
    LEAD = "lead"
    ADMINISTER = "administer"


MEANING = {
    Permission.ENTER: "reach the pages for signing in, joining, set-up and trust",
    Permission.READ: "read, search, look at topics and words, follow the work in the background",
    Permission.ASK: "ask questions and see their answers, ask the graph freely",
    Permission.OWN: "have sessions, tokens, notifications; stop one's own jobs",
    Permission.LEAD: "open and close class codes, make announcements",
    Permission.ADMINISTER: "administer people, texts, jobs, queues and settings of the house",
}
MIN_ROLE = {
    Permission.ENTER: Role.GUEST,
    Permission.READ: Role.GUEST,
    Permission.ASK: Role.MEMBER,
    Permission.OWN: Role.MEMBER,
    Permission.LEAD: Role.LEADER,
    Permission.ADMINISTER: Role.ADMINISTRATOR,
}
_RANK = {role: rank for rank, role in enumerate((Role.GUEST, Role.MEMBER, Role.LEADER, Role.ADMINISTRATOR))}


def permits(role: Role, permission: Permission, *, guests_may_read: bool) -> bool:
    """Whether a role may do something in a house where guests may read, or may not."""
    least = MIN_ROLE[permission]
    if permission is Permission.READ and not guests_may_read:
        least = Role.MEMBER
    return _RANK[role] >= _RANK[least]


def audience_of_role(role: Role) -> str:
    """The audience of events that is everybody of a role, and of the roles above it."""
    return f"{role.value}s"


def audiences(role: Role) -> frozenset[str]:
    """The audiences that somebody of a role belongs to: that of their role, and those of the roles below it."""
    return frozenset(audience_of_role(each) for each in Role if _RANK[each] <= _RANK[role])


ADMINISTRATORS = audience_of_role(Role.ADMINISTRATOR)
LEADERS = audience_of_role(Role.LEADER)
MEMBERS = audience_of_role(Role.MEMBER)
