"""The SQL statements of notifications, for appliance.db. Only the package `community` uses them."""

from urllib.parse import urlsplit

from appliance.community.notifications.notification import Notification, NotificationKind, OutsideAddress, Preference
from appliance.infrastructure.database import Row, UnitOfWork

SCHEMA = """
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, link TEXT NOT NULL, created_at REAL NOT NULL, read_at REAL
);
CREATE INDEX notifications_person ON notifications (person, id);
CREATE INDEX notifications_unread ON notifications (person) WHERE read_at IS NULL;
CREATE TABLE notification_preferences (
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE, kind TEXT NOT NULL,
    inbox INTEGER NOT NULL, outside INTEGER NOT NULL, PRIMARY KEY (person, kind)
) WITHOUT ROWID;
CREATE TABLE outside_addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    address TEXT NOT NULL, added_at REAL NOT NULL
);
CREATE INDEX outside_addresses_person ON outside_addresses (person);
CREATE TABLE deliveries (
    notification INTEGER NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    address INTEGER NOT NULL REFERENCES outside_addresses (id) ON DELETE CASCADE, sent_at REAL NOT NULL,
    PRIMARY KEY (notification, address)
) WITHOUT ROWID
"""
# Only the addresses of these services contain a host. In other addresses, a token or a topic has the place of the host.
SERVICES_WITH_HOST = ("gotify", "mailto", "matrix", "mmost", "json")
NTFY = ("ntfy", "ntfys")
COLUMNS = "id, person, kind, title, text, link, created_at, read_at"
SELECT_INBOX = f"SELECT {COLUMNS} FROM notifications WHERE person = :person AND id < :before AND (read_at IS NULL OR NOT :unread_only) ORDER BY id DESC LIMIT :limit"
SELECT_ONE = f"SELECT {COLUMNS} FROM notifications WHERE id = ?"
COUNT_UNREAD = "SELECT count(*) FROM notifications WHERE person = ? AND read_at IS NULL"
INSERT = (
    "INSERT INTO notifications (person, kind, title, text, link, created_at) "
    "VALUES (:person, :kind, :title, :text, :link, :now)"
)
MARK_READ = "UPDATE notifications SET read_at = :now WHERE person = :person AND read_at IS NULL AND id = :notification"
MARK_ALL_READ = (
    "UPDATE notifications SET read_at = :now WHERE person = :person AND read_at IS NULL AND id <= :notification"
)
DELETE_OLD = "DELETE FROM notifications WHERE created_at < ? AND read_at IS NOT NULL"

SELECT_PREFERENCES = "SELECT kind, inbox, outside FROM notification_preferences WHERE person = ?"
SET_PREFERENCE = (
    "INSERT INTO notification_preferences (person, kind, inbox, outside) VALUES (:person, :kind, :inbox, :outside) "
    "ON CONFLICT (person, kind) DO UPDATE SET inbox = :inbox, outside = :outside"
)
SELECT_ADDRESSES = "SELECT id, person, address, added_at FROM outside_addresses WHERE person = ? ORDER BY id"
SELECT_ONE_ADDRESS = "SELECT id, person, address, added_at FROM outside_addresses WHERE id = ?"
SELECT_ADDRESS = "SELECT address FROM outside_addresses WHERE id = ?"
INSERT_ADDRESS = "INSERT INTO outside_addresses (person, address, added_at) VALUES (:person, :address, :now)"
COUNT_ADDRESSES = "SELECT count(*) FROM outside_addresses WHERE person = ?"
DELETE_ADDRESS = "DELETE FROM outside_addresses WHERE id = :address AND person = :person"
IS_DELIVERED = "SELECT 1 FROM deliveries WHERE notification = :notification AND address = :address"
INSERT_DELIVERY = (
    "INSERT OR IGNORE INTO deliveries (notification, address, sent_at) VALUES (:notification, :address, :now)"
)


def m007_notifications(work: UnitOfWork) -> None:
    work.execute_script(SCHEMA)


def notification_of(row: Row) -> Notification:
    return Notification(
        id=row[0],
        person=row[1],
        kind=NotificationKind(row[2]),
        title=row[3],
        text=row[4],
        link=row[5],
        created_at=row[6],
        read_at=row[7],
    )


def preference_of(row: Row) -> Preference:
    return Preference(kind=NotificationKind(row[0]), inbox=bool(row[1]), outside=bool(row[2]))


def address_of(row: Row) -> OutsideAddress:
    return OutsideAddress(id=row[0], person=row[1], masked=masked_address(row[2]), added_at=row[3])


def masked_address(address: str) -> str:
    """Return the service and host of an address, without its user, password, token or topic."""
    scheme = address.partition(":")[0]
    try:
        parts = urlsplit(address)
        host = (
            parts.hostname
            if scheme.rstrip("s") in SERVICES_WITH_HOST or (scheme in NTFY and parts.path.strip("/"))
            else None
        )
    except ValueError:
        host = None
    return f"{scheme}://{host or ''} …"
