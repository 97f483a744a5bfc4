"""Functions that change notifications: announcements, read marks, preferences and outside addresses."""

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
    """Send an announcement to all members. Raises AnnouncementRefused."""
    text = text.strip()
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise AnnouncementRefused(
            f"An announcement must have 1 to {MAX_CHARACTERS:,} characters.",
            remedy="Change the text and send it again.",
        )
    append_event(work, AnnouncementMade(by=leader, name=name, text=text), MEMBERS, now=now)


def mark_read(work: UnitOfWork, *, person: int, notification: int, now: float) -> int:
    """Mark a notification as read. Return the number of unread notifications."""
    return _mark(work, store.MARK_READ, person, notification, now)


def mark_all_read(work: UnitOfWork, *, person: int, until: int, now: float) -> int:
    """Mark all notifications up to `until` as read. Notifications that arrived after the page was loaded stay unread.

    Return the number of unread notifications.
    """
    return _mark(work, store.MARK_ALL_READ, person, until, now)


def prefer(work: UnitOfWork, *, person: int, preference: Preference) -> None:
    """Store whether a person gets notifications of one kind, and whether they are also sent outside."""
    row = {"person": person, "kind": preference.kind.value}
    work.execute(store.SET_PREFERENCE, row | {"inbox": preference.inbox, "outside": preference.outside})


def set_outside_allowed(work: UnitOfWork, *, allowed: bool, now: float) -> None:
    """Set whether notifications may be sent to outside services."""
    set_site_setting(work, queries.OUTSIDE_ALLOWED, allowed)
    append_event(work, SiteSettingsChanged(outside_allowed=allowed), ADMINISTRATORS, now=now)


def add_address(work: UnitOfWork, *, person: int, address: str, schemes: frozenset[str], now: float) -> OutsideAddress:
    """Add an outside address for a person's notifications. The address has the format of the library apprise.

    Raises OutsideForbidden, AddressRefused or ParameterRefused.
    """
    if not queries.outside_allowed(work):
        raise OutsideForbidden("Sending to outside services is turned off.", remedy="An administrator can turn it on.")
    address = address.strip()
    scheme = address.partition(":")[0].lower()
    if scheme not in schemes or re.search(r"[\s,;]", address) or not address.isprintable():
        raise AddressRefused(
            f"The service {scheme or address[:40]!r} is not allowed.",
            remedy=f"Use one of {', '.join(sorted(schemes))}, for example ntfy://ntfy.sh/a-secret-topic.",
        )
    check_parameters(address)
    if int(work.value(store.COUNT_ADDRESSES, (person,))) >= MAX_ADDRESSES:
        raise AddressRefused(f"You already have {MAX_ADDRESSES} addresses.", remedy="Remove an address first.")
    work.execute(store.INSERT_ADDRESS, {"person": person, "address": address, "now": now})
    return store.address_of(work.execute(store.SELECT_ONE_ADDRESS, (work.last_insert_id,))[0])


def remove_address(work: UnitOfWork, *, person: int, address: int) -> None:
    """Remove an outside address of a person. Raises AddressNotFound."""
    work.execute(store.DELETE_ADDRESS, {"address": address, "person": person})
    if not work.changes:
        raise AddressNotFound("You have no address with this number.", remedy="Reload the list of addresses.")


def delete_old(work: UnitOfWork, *, before: float) -> int:
    """Delete read notifications from before a time. Return the number of deleted notifications."""
    work.execute(store.DELETE_OLD, (before,))
    return work.changes


def _mark(work: UnitOfWork, statement: str, person: int, notification: int, now: float) -> int:
    work.execute(statement, {"now": now, "person": person, "notification": notification})
    changed = work.changes > 0
    unread = int(work.value(store.COUNT_UNREAD, (person,)))
    if changed:
        append_event(work, NotificationsRead(unread=unread), one_person(person), now=now)
    return unread
