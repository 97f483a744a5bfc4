"""The events of people, classes and access."""

from typing import ClassVar

from appliance.community.accounts.permissions import Role
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import DomainEvent, append_event

GUESTS = "guests"


class AccessChanged(DomainEvent, frozen=True, kw_only=True):
    """What a person may see has changed, so that open connections look again at once.

    It has an audience of its own, which nobody is shown: long connections follow it beside what their person may see.
    The order of the log makes this exact: what happens after a sign-out comes after its event.
    """

    event_kind: ClassVar[str] = "access.changed"


class PersonJoined(DomainEvent, frozen=True, kw_only=True):
    """Somebody got an account, or joined by a class code."""

    event_kind: ClassVar[str] = "person.joined"

    id: int
    name: str
    role: Role


class SiteSetUp(DomainEvent, frozen=True, kw_only=True):
    """The site has its first administrator, whose name this is."""

    event_kind: ClassVar[str] = "house.set-up"

    administrator: str


class ClassOpened(DomainEvent, frozen=True, kw_only=True):
    """A leader opened a class."""

    event_kind: ClassVar[str] = "class.opened"

    id: int
    name: str


class ClassClosed(DomainEvent, frozen=True, kw_only=True):
    """A leader or an administrator closed a class."""

    event_kind: ClassVar[str] = "class.closed"

    id: int


EVENT_TYPES: tuple[type[DomainEvent], ...] = (AccessChanged, PersonJoined, SiteSetUp, ClassOpened, ClassClosed)


def access_audience(person: int | None) -> str:
    """The audience of AccessChanged for a person, or for guests."""
    return f"access:{GUESTS if person is None else person}"


def append_access_changed(work: UnitOfWork, person: int | None, *, now: float) -> None:
    """Tell the open connections of a person, or of guests, in the unit of work that ends or changes their access."""
    append_event(work, AccessChanged(), access_audience(person), now=now)
