"""The event that says that what a person may see has changed, so that open connections look again at once.

It has an audience of its own, which nobody is shown: long connections follow it beside what their person may see. The
order of the log makes this exact: what happens after a sign-out comes after its event.
"""

from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import append_event

ACCESS_CHANGED = "access.changed"
GUESTS = "guests"


def access_audience(person: int | None) -> str:
    """The audience of this event for a person, or for guests."""
    return f"access:{GUESTS if person is None else person}"


def append_access_changed(work: UnitOfWork, person: int | None) -> None:
    """Tell the open connections of a person, or of guests, in the unit of work that ends or changes their access."""
    append_event(work, ACCESS_CHANGED, {}, access_audience(person))
