"""Installed items, in the order in which built data stores them."""

from typing import Any

from fakes.library_items import ENTRIES, put_item

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.library.kind import ItemKind
from appliance.scripture.library.queries import installed
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.translations.kinds import TRANSLATION


def test_an_empty_library_has_no_items(library: Database) -> None:
    assert [] == installed(library)


def test_items_are_translations_in_order_of_import_then_dictionaries_then_others(library: Database) -> None:
    items: list[tuple[ItemKind[Any], str]] = [
        (ENTITIES, "A"),
        (TRANSLATION, "Z"),
        (TOPICS, "N"),
        (COMMENTARY, "D"),
        (LEXICON, "M"),
        (TRANSLATION, "B"),
        (CROSS_REFERENCES, "C"),
    ]
    for kind, item_id in items:
        put_item(library, kind, item_id, ENTRIES[kind])

    assert ["Z", "B", "M", "N", "A", "C", "D"] == [item.id for item in installed(library)]


def test_a_translation_that_is_imported_again_comes_last(library: Database) -> None:
    for item_id in ("Z", "B"):
        put_item(library, TRANSLATION, item_id, ENTRIES[TRANSLATION])
    put_item(library, TRANSLATION, "Z", ENTRIES[TRANSLATION][:1])

    assert ["B", "Z"] == [item.id for item in installed(library)]


def test_items_can_be_limited_to_some_kinds(library: Database) -> None:
    for kind in ENTRIES:
        put_item(library, kind, kind.name, ENTRIES[kind])

    assert ["lexicon", "topics"] == [item.id for item in installed(library, TOPICS, LEXICON)]
    assert len(ENTRIES) == len(installed(library))
