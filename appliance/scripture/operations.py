"""Writes to the library: import and remove texts and dictionaries, each in one unit of work."""

from collections.abc import Callable

import msgspec

from appliance.errors import Conflict
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.scripture.commentaries import store as comment_store
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.entities import store as entity_store
from appliance.scripture.importers.source import (
    IMPORTER_VERSION,
    CommentarySource,
    CrossReferenceSource,
    EntitySource,
    LexiconSource,
    Source,
    TextSource,
    TopicSource,
    TopicVoteSource,
)
from appliance.scripture.importers.validation import TextFaulty, check_description, counted, read_valid_verses
from appliance.scripture.links import store as link_store
from appliance.scripture.links.link import Dataset, DatasetKind
from appliance.scripture.translations import queries
from appliance.scripture.translations import store as translation_store
from appliance.scripture.translations.translation import Translation

OnProgress = Callable[[float, str], None]
CompanionSource = CommentarySource | CrossReferenceSource | EntitySource | TopicVoteSource
# The share of an import that reading and validating takes; the rest is writing.
READING_SHARE = 0.7


class TranslationIdTaken(Conflict):
    """Another text has the id."""


class ImportResult(msgspec.Struct, frozen=True):
    """What became of one source: `changed` is False where the library had the very same already."""

    id: str
    name: str
    kind: str
    entries: int
    changed: bool


def import_source(
    database: Database,
    source: Source,
    *,
    on_progress: Callable[[float, str], None] = lambda _share, _message: None,
) -> ImportResult:
    """Bring one text or dictionary into the library, replacing an older one of the same id.

    `on_progress` is called often, and may raise to stop. Raises SourceUnreadable, FileRefused or TextFaulty, and leaves
    the library as it was.
    """
    check_description(source)
    if isinstance(source, TextSource):
        return _import_text(database, source, on_progress)
    if isinstance(source, CompanionSource):
        return _import_companion(database, source, on_progress)
    return _import_dictionary(database, source, on_progress)


def _digest(source: Source) -> str:
    return f"{source.digest}:{IMPORTER_VERSION}"


def _import_text(database: Database, source: TextSource, on_progress: Callable[[float, str], None]) -> ImportResult:
    present = {each.id.lower(): each for each in translation_store.select_translations(database.reader)}
    held = present.get(source.id.lower())
    if held and (held.id, held.source) != (source.id, source.origin):
        raise TranslationIdTaken(
            f"The library has a text {held.id} from another source ({held.source}).",
            remedy=f"`lampstand library remove {held.id}` first, if this one shall replace it.",
        )
    digest = _digest(source)
    if held and held.digest == digest:
        return ImportResult(source.id, held.name, "text", held.verses, changed=False)
    expected = source.expected_verses or 31_102

    def reading(count: int) -> None:
        on_progress(min(count / expected, 1.0) * READING_SHARE, f"{source.id}: {count:,} verses read")

    verses = read_valid_verses(source, reading)
    writing = _writing(source, len(verses), on_progress)
    writing(0)
    translation = Translation(
        id=source.id,
        name=source.name,
        language=source.language,
        versification=source.versification,
        licence=source.licence,
        attribution=source.attribution,
        source=source.origin,
        digest=digest,
        verses=len(verses),
    )
    with database.write() as work:
        translation_store.delete_translation(work, source.id)
        translation_store.insert_translation(work, translation, counted(source, verses, writing))
    return ImportResult(source.id, source.name, "text", len(verses), changed=True)


def _import_dictionary(
    database: Database, source: LexiconSource | TopicSource, on_progress: Callable[[float, str], None]
) -> ImportResult:
    held = {each.id: each for each in dictionary_store.select_dictionaries(database.reader)}.get(source.id)
    kind = "lexicon" if isinstance(source, LexiconSource) else "topics"
    digest = _digest(source)
    if held and held.digest == digest:
        return ImportResult(source.id, held.name, kind, held.entries, changed=False)
    on_progress(0.0, f"{source.id}: reading")
    each = source.entries() if isinstance(source, LexiconSource) else source.topics()
    entries = list(counted(source, each, _reading(source, on_progress)))
    if not entries:
        raise TextFaulty(f"{source.id} has no entries.", remedy="Download it again.")
    on_progress(READING_SHARE, f"{source.id}: writing {len(entries):,} entries")
    dictionary = dictionary_store.Dictionary(
        id=source.id,
        kind=kind,
        name=source.name,
        licence=source.licence,
        attribution=source.attribution,
        digest=digest,
        entries=len(entries),
    )
    with database.write() as work:
        dictionary_store.delete_dictionary(work, source.id)
        dictionary_store.insert_dictionary(work, dictionary)
        if kind == "lexicon":
            dictionary_store.insert_lexicon(work, source.id, entries)  # type: ignore[arg-type] # one list for both kinds
        else:
            dictionary_store.insert_topics(work, source.id, entries)  # type: ignore[arg-type]
    return ImportResult(source.id, source.name, kind, len(entries), changed=True)


def _import_companion(
    database: Database,
    source: CompanionSource,
    on_progress: Callable[[float, str], None],
) -> ImportResult:
    held = {each.id: each for each in link_store.select_datasets(database.reader)}.get(source.id)
    digest = _digest(source)
    if held and held.digest == digest:
        return ImportResult(source.id, held.name, held.kind.value, held.entries, changed=False)
    on_progress(0.0, f"{source.id}: reading")
    kind, entries, write = _read_companion(source, _reading(source, on_progress))
    dataset = Dataset(
        id=source.id,
        kind=kind,
        name=source.name,
        licence=source.licence,
        attribution=source.attribution,
        digest=digest,
        entries=entries,
    )
    with database.write() as work:
        link_store.delete_dataset(work, source.id)
        link_store.insert_dataset(work, dataset)
        write(work, _writing(source, entries, on_progress))
    return ImportResult(source.id, source.name, kind.value, entries, changed=True)


def _reading(source: Source, on_progress: OnProgress) -> Callable[[int], None]:
    """Reports progress while entries are read; their number is not known yet."""
    return lambda count: on_progress(READING_SHARE * count / (count + 10_000), f"{source.id}: {count:,} entries read")


def _writing(source: Source, total: int, on_progress: OnProgress) -> Callable[[int], None]:
    """Reports progress while entries are written."""

    def writing(count: int) -> None:
        on_progress(READING_SHARE + (1 - READING_SHARE) * count / total, f"{source.id}: writing {total:,} entries")

    return writing


def _read_companion(
    source: CompanionSource, on_entry: Callable[[int], None]
) -> tuple[DatasetKind, int, Callable[[UnitOfWork, Callable[[int], None]], None]]:
    """What a source holds, how much of it, and what writes it, telling how many were written."""
    if isinstance(source, CrossReferenceSource):
        links = list(counted(source, source.links(), on_entry))
        return (
            DatasetKind.CROSS_REFERENCES,
            len(links),
            lambda work, on_written: link_store.insert_cross_references(
                work, source.id, counted(source, links, on_written)
            ),
        )
    if isinstance(source, TopicVoteSource):
        votes = list(counted(source, source.votes(), on_entry))
        return (
            DatasetKind.TOPIC_VOTES,
            len(votes),
            lambda work, on_written: link_store.insert_topic_votes(work, source.id, counted(source, votes, on_written)),
        )
    if isinstance(source, EntitySource):
        entities = list(counted(source, source.entities(), on_entry))
        return (
            DatasetKind.ENTITIES,
            len(entities),
            lambda work, _on_written: entity_store.insert_entities(work, source.id, entities),
        )
    comments = list(counted(source, source.comments(), on_entry))
    if not comments:
        raise TextFaulty(f"{source.id} has no comments.", remedy="Download it again.")
    return (
        DatasetKind.COMMENTARY,
        len(comments),
        lambda work, on_written: comment_store.insert_comments(work, source.id, counted(source, comments, on_written)),
    )


def remove(database: Database, identifier: str) -> str:
    """Remove a translation, a dictionary or a dataset; its name is returned. Raises TranslationNotFound."""
    for dataset in link_store.select_datasets(database.reader):
        if dataset.id == identifier:
            with database.write() as work:
                link_store.delete_dataset(work, identifier)
            return dataset.name
    for dictionary in dictionary_store.select_dictionaries(database.reader):
        if dictionary.id == identifier:
            with database.write() as work:
                dictionary_store.delete_dictionary(work, identifier)
            return dictionary.name
    translation = queries.find_translation(database, identifier)
    with database.write() as work:
        translation_store.delete_translation(work, translation.id)
    return translation.name
