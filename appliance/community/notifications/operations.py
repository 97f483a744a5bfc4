"""Writes: announcements, and what people read, prefer and are sent outside."""

import re

from appliance.community.accounts.permissions import ADMINISTRATORS, MEMBERS
from appliance.community.notifications import queries, store
from appliance.community.notifications.events import AnnouncementMade, NotificationsRead
from appliance.community.notifications.notification import (
    AddressNotFound,
    AddressRefused,
    AnnouncementRefused,
    OutsideAddress,
    OutsideForbidden,
    Preference,
)
from appliance.community.site_settings import SiteSettingsChanged, set_site_setting
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import append_event, one_person
from appliance.infrastructure.messenger import check_parameters

MAX_CHARACTERS = 1_000
MAX_ADDRESSES = 5


def announce(work: UnitOfWork, *, leader: int, name: str, text: str, now: float) -> None:
    """Tell every member something. Raises AnnouncementRefused."""
    text = text.strip()
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise AnnouncementRefused(
            f"An announcement has 1 to {MAX_CHARACTERS:,} characters.", remedy="Shorten it, or write what it is about."
        )
    append_event(work, AnnouncementMade(by=leader, name=name, text=text), MEMBERS, now=now)


def mark_read(work: UnitOfWork, *, person: int, notification: int, now: float) -> int:
    """Note that a notification was read; the number of unread ones is returned."""
    return _mark(work, store.MARK_READ, person, notification, now)


def mark_all_read(work: UnitOfWork, *, person: int, until: int, now: float) -> int:
    """Note that all up to a notification were read: those that came since the page was loaded stay unread.

    The number of unread ones is returned.
    """
    return _mark(work, store.MARK_ALL_READ, person, until, now)


def prefer(work: UnitOfWork, *, person: int, preference: Preference) -> None:
    """Set whether a person is told of a kind, and where."""
    row = {"person": person, "kind": preference.kind.value}
    work.execute(store.SET_PREFERENCE, row | {"inbox": preference.inbox, "outside": preference.outside})


def let_messages_outside(work: UnitOfWork, *, allowed: bool, now: float) -> None:
    """Set whether notifications may be sent to outside services at all."""
    set_site_setting(work, queries.OUTSIDE_ALLOWED, allowed)
    append_event(work, SiteSettingsChanged(outside_allowed=allowed), ADMINISTRATORS, now=now)


def add_address(work: UnitOfWork, *, person: int, address: str, schemes: frozenset[str], now: float) -> OutsideAddress:
    """Send a person's notifications to an outside address too; apprise defines its form.

    Raises OutsideForbidden, AddressRefused or ParameterRefused.
    """
    if not queries.outside_allowed(work):
        raise OutsideForbidden("Sending to outside services is turned off.", remedy="An administrator can turn it on.")
    address = address.strip()
    scheme = address.partition(":")[0].lower()
    if scheme not in schemes or re.search(r"[\s,;]", address) or not address.isprintable():
        raise AddressRefused(
            f"{scheme or address[:40]!r} is not an allowed service.",
            remedy=f"Allowed are {', '.join(sorted(schemes))}, such as ntfy://ntfy.sh/a-secret-topic.",
        )
    check_parameters(address)
    if int(work.value(store.COUNT_ADDRESSES, (person,))) >= MAX_ADDRESSES:
        raise AddressRefused(f"There are {MAX_ADDRESSES} addresses already.", remedy="Remove one first.")
    work.execute(store.INSERT_ADDRESS, {"person": person, "address": address, "now": now})
    return store.address_of(work.execute(store.SELECT_ONE_ADDRESS, (work.last_insert_id,))[0])


def remove_address(work: UnitOfWork, *, person: int, address: int) -> None:
    """Raises AddressNotFound."""
    work.execute(store.DELETE_ADDRESS, {"address": address, "person": person})
    if not work.changes:
        raise AddressNotFound("You have no such address.", remedy="Look at the list of addresses again.")


def delete_old(work: UnitOfWork, *, before: float) -> int:
    """Delete notifications that were read and are older than a time; their number is returned."""
    work.execute(store.DELETE_OLD, (before,))
    return work.changes


def _mark(work: UnitOfWork, statement: str, person: int, notification: int, now: float) -> int:
    work.execute(statement, {"now": now, "person": person, "notification": notification})
    changed = work.changes > 0
    unread = int(work.value(store.COUNT_UNREAD, (person,)))
    if changed:
        append_event(work, NotificationsRead(unread=unread), one_person(person), now=now)
    return unread
