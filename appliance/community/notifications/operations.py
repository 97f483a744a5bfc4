"""Writes: announcing, reading, choosing what one is told and where."""

import re
import time

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
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import append_event, one_person
from appliance.infrastructure.messenger import check_parameters

MOST_CHARACTERS = 1_000
MOST_ADDRESSES = 5


def announce(database: Database, *, leader: int, name: str, text: str) -> None:
    """Tell every member something. Raises AnnouncementRefused."""
    text = text.strip()
    if not 0 < len(text) <= MOST_CHARACTERS:
        raise AnnouncementRefused(
            f"An announcement has 1 to {MOST_CHARACTERS:,} characters.", remedy="Shorten it, or write what it is about."
        )
    with database.write() as work:
        append_event(work, AnnouncementMade(by=leader, name=name, text=text), MEMBERS)


def mark_read(database: Database, *, person: int, notification: int) -> int:
    """Note that something was read; how many are unread then."""
    return _mark(database, store.MARK_READ, person, notification)


def mark_all_read(database: Database, *, person: int, until: int) -> int:
    """Note that all up to a notification was read: what came since the page was loaded stays. How many are unread then."""
    return _mark(database, store.MARK_ALL_READ, person, until)


def prefer(database: Database, *, person: int, preference: Preference) -> None:
    """Say what somebody wants to be told, and where."""
    with database.write() as work:
        row = {"person": person, "kind": preference.kind.value}
        work.execute(store.SET_PREFERENCE, row | {"inbox": preference.inbox, "outside": preference.outside})


def let_messages_outside(database: Database, *, allowed: bool) -> None:
    """Set whether notifications may be sent to outside services at all."""
    with database.write() as work:
        set_site_setting(work, queries.OUTSIDE_ALLOWED, allowed)
        append_event(work, SiteSettingsChanged(outside_allowed=allowed), ADMINISTRATORS)


def add_address(database: Database, *, person: int, address: str, schemes: frozenset[str]) -> OutsideAddress:
    """Send a person's notifications to an outside address too; apprise defines its form.

    Raises OutsideForbidden, AddressRefused or ParameterRefused.
    """
    if not queries.outside_allowed(database.reader):
        raise OutsideForbidden("Sending to outside services is turned off.", remedy="An administrator can turn it on.")
    address = address.strip()
    scheme = address.partition(":")[0].lower()
    if scheme not in schemes or re.search(r"[\s,;]", address) or not address.isprintable():
        raise AddressRefused(
            f"{scheme or address[:40]!r} is not an allowed service.",
            remedy=f"Allowed are {', '.join(sorted(schemes))}, such as ntfy://ntfy.sh/a-secret-topic.",
        )
    check_parameters(address)
    if len(queries.addresses(database, person)) >= MOST_ADDRESSES:
        raise AddressRefused(f"There are {MOST_ADDRESSES} addresses already.", remedy="Remove one first.")
    with database.write() as work:
        work.execute(store.INSERT_ADDRESS, (person, address, time.time()))
        added = work.last_insert_id
    return next(each for each in queries.addresses(database, person) if each.id == added)


def remove_address(database: Database, *, person: int, address: int) -> None:
    """Raises AddressNotFound."""
    with database.write() as work:
        work.execute(store.DELETE_ADDRESS, (address, person))
        if not work.changes:
            raise AddressNotFound("You have no such address.", remedy="Look at the list of addresses again.")


def forget(database: Database, before: float) -> int:
    """Drop what was read and is older than a time; how many notifications that were."""
    with database.write() as work:
        work.execute(store.FORGET, (before,))
        return work.changes


def _mark(database: Database, statement: str, person: int, notification: int) -> int:
    with database.write() as work:
        work.execute(statement, (time.time(), person, notification))
        unread = int(work.execute(store.COUNT_UNREAD, (person,))[0][0])
        if work.changes:
            append_event(work, NotificationsRead(unread=unread), one_person(person))
    return unread
