"""The SQL statements of library items, for library.db. Only the package `scripture` uses them."""

import msgspec

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.scripture.library.item import LibraryItem

INSERT_ITEM = """
INSERT INTO library_items (id, kind, name, language, versification, licence, attribution, source, digest, entries)
VALUES (:id, :kind, :name, :language, :versification, :licence, :attribution, :source, :digest, :entries)
"""
DELETE_ITEM = "DELETE FROM library_items WHERE id = :id"
# Translations come in the order of import, then dictionaries by id, then all other items by id. The graph, the search index
# and the suggestions store the items that they were built from in this order. If the order changed, all three would count
# as outdated.
SELECT_ITEMS = """
SELECT id, kind, name, language, versification, licence, attribution, source, digest, entries FROM library_items
ORDER BY CASE kind WHEN 'translation' THEN 1 WHEN 'lexicon' THEN 2 WHEN 'topics' THEN 2 ELSE 3 END,
CASE kind WHEN 'translation' THEN number END, id
"""


def select_items(reader: Reader) -> list[LibraryItem]:
    """Return all library items: translations in the order of import, dictionaries by id, all other items by id."""
    return [
        LibraryItem(**dict(zip(LibraryItem.__struct_fields__, row, strict=True))) for row in reader.rows(SELECT_ITEMS)
    ]


def insert_item(work: UnitOfWork, item: LibraryItem) -> None:
    work.execute(INSERT_ITEM, msgspec.structs.asdict(item))


def delete_item(work: UnitOfWork, item_id: str) -> None:
    work.execute(DELETE_ITEM, {"id": item_id})
