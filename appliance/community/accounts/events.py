"""The events of people, classes and access."""

from typing import ClassVar

from appliance.community.accounts.permissions import Role
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import DomainEvent, append_event

GUESTS = "guests"


class AccessChanged(DomainEvent, frozen=True, kw_only=True):
    """The access of a person, or of guests, has changed. The server then checks open connections again immediately.

    The event has its own audience, and it is never sent to clients. A long connection reads this audience in addition to
    the events of its person. The log keeps the order, so events after a sign-out follow the event of the sign-out.
    """

    event_kind: ClassVar[str] = "access.changed"


class PersonJoined(DomainEvent, frozen=True, kw_only=True):
    """A person got an account, or joined with a class code."""

    event_kind: ClassVar[str] = "person.joined"

    id: int
    name: str
    role: Role


class SiteSetUp(DomainEvent, frozen=True, kw_only=True):
    """The site has its first administrator. `administrator` is the name."""

    event_kind: ClassVar[str] = "site.set-up"

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
    """Return the audience of AccessChanged for a person, or for guests if `person` is None."""
    return f"access:{GUESTS if person is None else person}"


def append_access_changed(work: UnitOfWork, person: int | None, *, now: float) -> None:
    """Notify the open connections of a person, or of guests. Call this in the unit of work that changes their access."""
    append_event(work, AccessChanged(), access_audience(person), now=now)
