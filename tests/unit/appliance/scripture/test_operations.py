"""Importing and removing library items of every kind."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fakes.library_items import ENTRIES, put_item, source_of

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.importers.source import IMPORTER_VERSION, ItemSource, SourceUnreadable
from appliance.scripture.importers.validation import TextFaulty
from appliance.scripture.library.item import LibraryItem
from appliance.scripture.library.kind import ItemKind
from appliance.scripture.library.queries import installed
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.operations import READING_SHARE, ImportResult, ItemIdTaken, import_source, remove
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import TranslationNotFound

EVERY_KIND = pytest.mark.parametrize("kind", ENTRIES, ids=lambda kind: kind.name)
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%fts_%'"
# Tables that are not entries: the history of the schema, and vectors, which stay after their verses are deleted.
NO_ENTRIES = ("migrations", "verse_vectors", "embedding_state")


def rows_by_table(library: Database) -> dict[str, int]:
    names = [name for (name,) in library.reader.rows(TABLES) if not name.startswith(NO_ENTRIES)]
    return {name: count for name in names if (count := library.reader.value(f"SELECT count(*) FROM {name}"))}


def translation(item_id: str, **changes: Any) -> ItemSource[Any]:
    return msgspec.structs.replace(source_of(TRANSLATION, item_id, ENTRIES[TRANSLATION]), **changes)


@EVERY_KIND
def test_an_import_writes_the_item_and_its_entries(library: Database, kind: ItemKind[Any]) -> None:
    source = source_of(kind, "T", ENTRIES[kind], versification="KJV")
    count = len(ENTRIES[kind])

    assert ImportResult("T", "T by hand", kind.name, count, changed=True) == import_source(library, source)
    assert [
        LibraryItem(
            id="T",
            kind=kind.name,
            name="T by hand",
            language="en",
            versification="KJV",
            licence="Public Domain",
            attribution="By hand.",
            source="a test",
            digest=f"{source.digest}:{IMPORTER_VERSION}",
            entries=count,
        )
    ] == installed(library)
    assert {"library_items": 1} != rows_by_table(library)


@EVERY_KIND
def test_importing_the_same_source_again_changes_nothing(library: Database, kind: ItemKind[Any]) -> None:
    source = source_of(kind, "T", ENTRIES[kind])
    import_source(library, source)
    before = rows_by_table(library)

    assert ImportResult("T", "T by hand", kind.name, len(ENTRIES[kind]), changed=False) == import_source(
        library, source
    )
    assert before == rows_by_table(library)


@EVERY_KIND
def test_a_changed_source_replaces_the_item(library: Database, kind: ItemKind[Any]) -> None:
    put_item(library, kind, "T", ENTRIES[kind])
    before = rows_by_table(library)
    changed = msgspec.structs.replace(source_of(kind, "T", ENTRIES[kind]), digest="another", name="Another")

    assert import_source(library, changed).changed
    assert ["Another"] == [item.name for item in installed(library)]
    assert before == rows_by_table(library)


@EVERY_KIND
def test_removal_deletes_all_rows_of_an_item(library: Database, kind: ItemKind[Any]) -> None:
    put_item(library, kind, "T", ENTRIES[kind])

    assert "T by hand" == remove(library, "T")
    assert {} == rows_by_table(library)


@EVERY_KIND
def test_removal_does_not_change_other_items(library: Database, kind: ItemKind[Any]) -> None:
    for other in ENTRIES:
        if other is not kind:
            put_item(library, other, other.name, ENTRIES[other])
    before = rows_by_table(library)
    put_item(library, kind, "T", ENTRIES[kind])
    remove(library, "T")

    assert before == rows_by_table(library)


def test_removal_ignores_case_for_translations_only(library: Database) -> None:
    put_item(library, TRANSLATION, "Hymns", ENTRIES[TRANSLATION])
    put_item(library, TOPICS, "Nave", ENTRIES[TOPICS])

    with pytest.raises(TranslationNotFound):
        remove(library, "nave")
    assert "Hymns by hand" == remove(library, "hYMNS")
    assert ["Nave"] == [item.id for item in installed(library)]


def test_an_exact_id_takes_precedence_over_a_translation_id_in_another_case(library: Database) -> None:
    put_item(library, TRANSLATION, "nave", ENTRIES[TRANSLATION])
    put_item(library, TOPICS, "Nave", ENTRIES[TOPICS])
    remove(library, "Nave")

    assert ["nave"] == [item.id for item in installed(library)]


@pytest.mark.parametrize("changes", [{"origin": "another file"}, {"id": "HYMNS"}])
def test_a_translation_is_replaced_only_from_the_same_source(library: Database, changes: dict[str, str]) -> None:
    import_source(library, translation("Hymns"))

    with pytest.raises(ItemIdTaken, match=r"has a translation Hymns from another source \(a test\)") as raised:
        import_source(library, translation("Hymns", digest="another", **changes))
    assert "library remove Hymns" in raised.value.remedy


def test_other_items_can_be_replaced_from_any_source(library: Database) -> None:
    source = source_of(TOPICS, "Nave", ENTRIES[TOPICS])
    import_source(library, source)
    import_source(library, msgspec.structs.replace(source, origin="another file", digest="another"))

    assert ["another file"] == [item.source for item in installed(library)]


@pytest.mark.parametrize(
    ("first", "second"), [(TRANSLATION, TOPICS), (TOPICS, TRANSLATION), (TOPICS, CROSS_REFERENCES)]
)
def test_an_id_belongs_to_one_kind(library: Database, first: ItemKind[Any], second: ItemKind[Any]) -> None:
    put_item(library, first, "T", ENTRIES[first])

    with pytest.raises(ItemIdTaken, match="The id T belongs to another item"):
        put_item(library, second, "T", ENTRIES[second])
    assert [first.name] == [item.kind for item in installed(library)]


def test_a_source_without_entries_does_not_replace_an_item(library: Database) -> None:
    put_item(library, CROSS_REFERENCES, "T", ENTRIES[CROSS_REFERENCES])

    with pytest.raises(TextFaulty, match="no cross references"):
        put_item(library, CROSS_REFERENCES, "T", [])
    assert [1] == [item.entries for item in installed(library)]


def test_a_failed_import_does_not_change_the_library(library: Database) -> None:
    put_item(library, CROSS_REFERENCES, "T", ENTRIES[CROSS_REFERENCES])

    def entries() -> Iterator[CrossReference]:
        yield ENTRIES[CROSS_REFERENCES][0]
        raise SourceUnreadable("The file is cut short.", remedy="Download it again.")

    source = msgspec.structs.replace(source_of(CROSS_REFERENCES, "T", []), entries=entries)
    with pytest.raises(SourceUnreadable):
        import_source(library, source)
    before = rows_by_table(library)

    def stop(share: float, _message: str) -> None:
        if share > READING_SHARE:
            raise InterruptedError

    links = [CrossReference(1_001_001, verse, verse) for verse in range(100)]
    with pytest.raises(InterruptedError):
        import_source(library, source_of(CROSS_REFERENCES, "T", links), on_progress=stop)
    assert before == rows_by_table(library) == {"library_items": 1, "cross_references": 1}


@EVERY_KIND
def test_progress_goes_from_reading_to_writing(library: Database, kind: ItemKind[Any]) -> None:
    reports: list[tuple[float, str]] = []
    import_source(library, source_of(kind, "T", ENTRIES[kind]), on_progress=lambda *report: reports.append(report))

    shares = [share for share, _ in reports]
    assert shares == sorted(shares)
    assert (0.0, "T: reading") == reports[0]
    assert (READING_SHARE, f"T: writing {len(ENTRIES[kind])} {kind.entries_name}") == reports[-1]


def test_progress_counts_the_entries_read_and_written(library: Database) -> None:
    messages: dict[str, float] = {}
    links = [CrossReference(1_001_001, verse, verse) for verse in range(100)]
    import_source(
        library,
        source_of(CROSS_REFERENCES, "T", links),
        on_progress=lambda share, message: messages.update({message: share}),
    )

    assert ["T: reading", "T: 50 cross references read", "T: 100 cross references read"] == list(messages)[:3]
    assert 1.0 == messages["T: writing 100 cross references"]
