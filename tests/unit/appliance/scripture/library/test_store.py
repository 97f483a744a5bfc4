"""The table of library items."""

from appliance.infrastructure.database import Database
from appliance.scripture.library.item import LibraryItem
from appliance.scripture.library.store import delete_item, insert_item, select_items

ITEM = LibraryItem(
    id="N",
    kind="topics",
    name="A dictionary",
    language="en",
    versification="",
    licence="Public Domain",
    attribution="By hand.",
    source="a file",
    digest="d",
    entries=3,
)


def test_an_item_can_be_written_read_and_deleted(library: Database) -> None:
    with library.write() as work:
        insert_item(work, ITEM)
    assert [ITEM] == select_items(library.reader)

    with library.write() as work:
        delete_item(work, "another")
        delete_item(work, "N")
    assert [] == select_items(library.reader)
