"""Queries for notifications: inbox, preferences and outside addresses."""

from appliance.community.notifications import store
from appliance.community.notifications.notification import Notification, NotificationKind, OutsideAddress, Preference
from appliance.community.site_settings import read_site_setting
from appliance.infrastructure.database import NO_ID, Database, RowSource

OUTSIDE_ALLOWED = "outside_allowed"


def inbox(
    database: Database, person: int, *, limit: int = 50, before: int = NO_ID, unread_only: bool = False
) -> list[Notification]:
    """Return the notifications of a person, the newest first."""
    row = {"person": person, "before": before, "unread_only": unread_only, "limit": limit}
    rows = database.reader.rows(store.SELECT_INBOX, row)
    return [store.notification_of(row) for row in rows]


def unread(database: Database, person: int) -> int:
    return int(database.reader.value(store.COUNT_UNREAD, (person,)))


def preferences(source: RowSource, person: int) -> dict[NotificationKind, Preference]:
    """Return the preference of a person for each kind of notification. By default, every kind is on."""
    stored = map(store.preference_of, source.rows(store.SELECT_PREFERENCES, (person,)))
    chosen = {preference.kind: preference for preference in stored}
    return {kind: chosen.get(kind, Preference(kind=kind)) for kind in NotificationKind}


def addresses(database: Database, person: int) -> list[OutsideAddress]:
    return [store.address_of(row) for row in database.reader.rows(store.SELECT_ADDRESSES, (person,))]


def outside_allowed(source: RowSource) -> bool:
    """True if an administrator turned on sending to outside services."""
    return bool(read_site_setting(source, OUTSIDE_ALLOWED, default=False))
