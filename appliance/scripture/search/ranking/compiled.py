"""The compiled search index: all data that searches read, in one file that every process maps into memory.

A job compiles the index for one state of the library and replaces the file. Until then, searches use the older index.
"""

import functools
import hashlib
from pathlib import Path

import msgspec

from appliance.infrastructure.arrays import ArraysDamaged, map_arrays, write_arrays
from appliance.infrastructure.database import Database
from appliance.scripture.library.queries import installed
from appliance.scripture.search.index import count_unembedded_headings, index_state
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.ranking.learned import RANKER, SHIPPED, TOPICS, load_learned, load_topics, ranker_model
from appliance.scripture.search.ranking.ranker import Ranker, compile_ranker
from appliance.scripture.search.ranking.reading import read_knowledge
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation

# Increase this number with every change to the content of the file.
FORMAT = 3


class LibraryState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on which a compiled index depends. If two states are equal, their indexes are equal.

    `complete` is true if every verse of `translation` has a vector of `model`. `fits` is true if the ranking model was trained
    for this language and this embedding model.
    """

    format: int
    learned: str
    model: str
    translation: str
    complete: bool
    fits: bool
    headings_embedded: bool
    topics_changed_at: int | None
    sources: tuple[tuple[str, str], ...]


class CompiledIndex(msgspec.Struct, frozen=True, kw_only=True):
    """A ranker, and the state of the library from which it was compiled."""

    state: LibraryState
    ranker: Ranker


def library_state(library: Database, embedded: str, model: str, files: IndexFiles) -> LibraryState:
    """Return the current state of a library. `embedded` is the preferred translation for search by meaning."""
    items = installed(library)
    index = index_state(library, embedded, model)
    is_english = any(item.id == index.translation and item.language.startswith("en") for item in items)
    return LibraryState(
        format=FORMAT,
        learned=_digest_of_learned(),
        model=model,
        translation=index.translation or "",
        complete=index.complete,
        fits=is_english and model == ranker_model(SHIPPED / RANKER),
        headings_embedded=count_unembedded_headings(library, model) == 0,
        topics_changed_at=changed_at(files.topics),
        sources=tuple((item.id, item.digest) for item in items),
    )


def index_is_stale(state: LibraryState, files: IndexFiles) -> bool:
    """Return True if the compiled index is missing, outdated or damaged, or if the ranking model no longer fits the library."""
    if not state.complete:
        return False
    if not state.fits:
        return files.compiled.exists()
    try:
        return read_index(files.compiled).state != state
    except (FileNotFoundError, ArraysDamaged):
        return True


def read_index(path: Path) -> CompiledIndex:
    """Map the compiled index. Raises FileNotFoundError or ArraysDamaged."""
    return map_arrays(path, CompiledIndex)


def compile_index(library: Database, state: LibraryState, files: IndexFiles) -> CompiledIndex | None:
    """Compile and publish the index of a library. If the ranking model does not fit the library, remove the index."""
    if not state.fits:
        files.compiled.unlink(missing_ok=True)
        return None
    translations = queries.translations(library)
    embedded = next(translation for translation in translations if translation.id == state.translation)
    knowledge = read_knowledge(library.reader, embedded, second_translation(translations, embedded), state.model)
    has_imported_topics = state.topics_changed_at is not None and files.topics is not None
    topics = load_topics(files.topics if has_imported_topics and files.topics else SHIPPED / TOPICS)
    ranker = compile_ranker(library.reader, knowledge, load_learned(SHIPPED / RANKER), topics)
    index = CompiledIndex(state=state, ranker=ranker)
    write_arrays(files.compiled, index)
    return index


def second_translation(translations: list[Translation], embedded: Translation) -> Translation | None:
    """Return a second English translation, because other words find more verses.

    It is the KJV if this is installed, or otherwise the first English translation that is not `embedded`.
    """
    others = [other for other in translations if other.language.startswith("en") and other.id != embedded.id]
    return next((translation for translation in others if translation.id == "KJV"), next(iter(others), None))


def changed_at(path: Path | None) -> int | None:
    """Return the time when a file was last changed, in nanoseconds, or None if the file does not exist."""
    try:
        return path.stat().st_mtime_ns if path else None
    except OSError:
        return None


@functools.cache
def _digest_of_learned() -> str:
    """Return a digest of the shipped files. Another version of Lampstand may have other trees."""
    return hashlib.sha256(b"".join((SHIPPED / name).read_bytes() for name in (RANKER, TOPICS))).hexdigest()
