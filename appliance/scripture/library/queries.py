"""Queries for installed library items."""

from typing import Any

from appliance.infrastructure.database import Database
from appliance.scripture.library import store
from appliance.scripture.library.item import LibraryItem
from appliance.scripture.library.kind import ItemKind


def installed(database: Database, *kinds: ItemKind[Any]) -> list[LibraryItem]:
    """Return the library items of some kinds, or of all kinds.

    Translations come first, in the order of import, then dictionaries by id, then all other items by id.
    """
    names = {kind.name for kind in kinds}
    return [item for item in store.select_items(database.reader) if not names or item.kind in names]
