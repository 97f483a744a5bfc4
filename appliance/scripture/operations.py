"""Writes to the library. Each import and each removal of an item is one unit of work."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.errors import Conflict
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.scripture.importers.source import IMPORTER_VERSION, ItemSource
from appliance.scripture.importers.validation import counted
from appliance.scripture.kinds import kind_named
from appliance.scripture.library import store
from appliance.scripture.library.item import LibraryItem
from appliance.scripture.library.kind import Entry, ItemKind
from appliance.scripture.library.queries import installed
from appliance.scripture.translations.queries import find_translation

OnProgress = Callable[[float, str], None]
# The share of an import's progress for reading and validating. The rest of the progress is for writing.
READING_SHARE = 0.7


class ItemIdTaken(Conflict):
    """Another library item has this id."""


class ImportResult(msgspec.Struct, frozen=True):
    """The result of one import. `changed` is False if the library already had the same content."""

    id: str
    name: str
    kind: str
    entries: int
    changed: bool


def import_source(
    database: Database, source: ItemSource[Entry], *, on_progress: OnProgress = lambda _share, _message: None
) -> ImportResult:
    """Import one library item. It replaces an older item with the same id.

    `on_progress` is called often, and may raise an exception to stop the import. Raises SourceUnreadable, FileRefused,
    TextFaulty or ItemIdTaken. After an error, the library is unchanged.
    """
    source.check_description()
    current_item = _replaced_item(database, source)
    digest = f"{source.digest}:{IMPORTER_VERSION}"
    if current_item and current_item.digest == digest:
        return ImportResult(source.id, current_item.name, current_item.kind, current_item.entries, changed=False)
    on_progress(0.0, f"{source.id}: reading")
    entries = source.read(_reading(source, on_progress))
    writing = _writing(source, len(entries), on_progress)
    writing(0)
    item = LibraryItem(
        id=source.id,
        kind=source.kind.name,
        name=source.name,
        language=source.language,
        versification=source.versification,
        licence=source.licence,
        attribution=source.attribution,
        source=source.origin,
        digest=digest,
        entries=len(entries),
    )
    with database.write() as work:
        _delete(work, source.kind, source.id)
        store.insert_item(work, item)
        source.kind.insert(work, source.id, counted(entries, writing))
    return ImportResult(item.id, item.name, item.kind, item.entries, changed=True)


def remove(database: Database, identifier: str) -> str:
    """Remove an item by its id and return its name. The case of a translation's id does not matter.

    Raises TranslationNotFound.
    """
    items = {item.id: item for item in installed(database)}
    item = items.get(identifier) or items[find_translation(database, identifier).id]
    with database.write() as work:
        _delete(work, kind_named(item.kind), item.id)
    return item.name


def _replaced_item(database: Database, source: ItemSource[Any]) -> LibraryItem | None:
    """Return the item that an import replaces, or None.

    Raises ItemIdTaken if an item of another kind has the id. If the kind has `keeps_source`, the error is also raised if
    the item is from another source.
    """
    kind = source.kind
    for item in installed(database):
        is_of_kind = item.kind == kind.name
        if is_of_kind and kind.keeps_source and item.id.lower() == source.id.lower():
            if (item.id, item.source) != (source.id, source.origin):
                raise ItemIdTaken(
                    f"The library has a translation {item.id} from another source ({item.source}).",
                    remedy=_remedy(item),
                )
            return item
        if item.id == source.id:
            if not is_of_kind:
                raise ItemIdTaken(
                    f"The id {item.id} belongs to another item: {item.name} ({item.kind}).", remedy=_remedy(item)
                )
            return item
    return None


def _remedy(item: LibraryItem) -> str:
    return f"To replace this item, first run `lampstand library remove {item.id}`."


def _delete(work: UnitOfWork, kind: ItemKind[Any], item_id: str) -> None:
    kind.delete(work, item_id)
    store.delete_item(work, item_id)


def _reading(source: ItemSource[Any], on_progress: OnProgress) -> Callable[[int], None]:
    """Return a function that reports progress while entries are read. The total number of entries may still be unknown."""
    expected, name = source.expected_entries, source.kind.entries_name

    def reading(count: int) -> None:
        share = min(count / expected, 1.0) if expected else count / (count + 10_000)
        on_progress(share * READING_SHARE, f"{source.id}: {count:,} {name} read")

    return reading


def _writing(source: ItemSource[Any], total: int, on_progress: OnProgress) -> Callable[[int], None]:
    """Return a function that reports progress while entries are written."""

    def writing(count: int) -> None:
        share = READING_SHARE + (1 - READING_SHARE) * count / total
        on_progress(share, f"{source.id}: writing {total:,} {source.kind.entries_name}")

    return writing
