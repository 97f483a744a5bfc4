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
LEAST_ROLE = {
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
    least = LEAST_ROLE[permission]
    if permission is Permission.READ and not guests_may_read:
        least = Role.MEMBER
    return _RANK[role] >= _RANK[least]


def audiences(role: Role) -> frozenset[str]:
    """The names by which people of a role are meant in audiences of events: their own role's and the lesser ones'."""
    return frozenset(f"{each.value}s" for each in Role if _RANK[each] <= _RANK[role])
