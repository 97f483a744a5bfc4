"""JSON values by name: settings that administrators change while the site runs, and positions that outlive a process."""

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from appliance.infrastructure.database import RowSource, UnitOfWork
from appliance.infrastructure.events import DomainEvent

# The name of the table in the first versions. A migration renames it.
CREATE_SITE_SETTINGS = "CREATE TABLE house (rule TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
RENAME_SITE_SETTINGS = """
ALTER TABLE house RENAME TO site_settings;
ALTER TABLE site_settings RENAME COLUMN rule TO name;
"""
SELECT_SETTING = "SELECT value FROM site_settings WHERE name = :name"
SET_SETTING = (
    "INSERT INTO site_settings (name, value) VALUES (:name, :value) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
DELETE_SETTING = "DELETE FROM site_settings WHERE name = :name"


class SiteSettingsChanged(DomainEvent, frozen=True, kw_only=True):
    """An administrator changed settings of the site. Fields of settings that did not change have no value."""

    event_kind: ClassVar[str] = "site.changed"

    guests_may_read: bool | UnsetType = UNSET
    outside_allowed: bool | UnsetType = UNSET


EVENT_TYPES: tuple[type[DomainEvent], ...] = (SiteSettingsChanged,)


def read_site_setting(source: RowSource, name: str, default: Any = None) -> Any:
    """The value of a setting, or the default if no value is stored."""
    row = source.row(SELECT_SETTING, {"name": name})
    return msgspec.json.decode(row[0]) if row else default


def set_site_setting(work: UnitOfWork, name: str, value: Any) -> None:
    work.execute(SET_SETTING, {"name": name, "value": msgspec.json.encode(value).decode()})


def delete_site_setting(work: UnitOfWork, name: str) -> None:
    work.execute(DELETE_SETTING, {"name": name})
