"""The kinds of library items: the type of their entries, and how to write and delete them."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from appliance.infrastructure.database import UnitOfWork

Entry = TypeVar("Entry")


class ItemKind(msgspec.Struct, Generic[Entry], frozen=True, kw_only=True):
    """A kind of library item. All entries of the kind have one type. `scripture.kinds` lists all kinds.

    `name` is stored with each item, and `entries_name` is the plural noun for its entries, such as `verses`. An item has at
    most `max_entries` entries. `insert` writes the entries of an item, and `delete` deletes them; both get the item's id. If
    `keeps_source` is true, only an import from the same source can replace an item, and the case of its id does not matter.
    """

    name: str
    entries_name: str
    max_entries: int
    insert: Callable[[UnitOfWork, str, Iterable[Entry]], None]
    delete: Callable[[UnitOfWork, str], None]
    keeps_source: bool = False
