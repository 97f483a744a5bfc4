"""The kinds of library items: what their entries are, and how they are written and deleted."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from appliance.infrastructure.database import UnitOfWork

Entry = TypeVar("Entry")


class ItemKind(msgspec.Struct, Generic[Entry], frozen=True, kw_only=True):
    """A kind of library item, with entries of one type. `scripture.kinds` lists all kinds.

    `name` is stored with each item, and `entries_name` is the plural for its entries, such as `verses`. An item has
    `max_entries` at most. `insert` writes the entries of the item with an id, and `delete` deletes them. An item that
    `keeps_source` can only be replaced from where it came, and its id is the same whatever its case.
    """

    name: str
    entries_name: str
    max_entries: int
    insert: Callable[[UnitOfWork, str, Iterable[Entry]], None]
    delete: Callable[[UnitOfWork, str], None]
    keeps_source: bool = False
