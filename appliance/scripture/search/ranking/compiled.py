"""The compiled search index: all that a search reads, in one file that every process maps into its memory.

It is made by a job for one state of the library and replaced whole. What it holds of another state still serves until then.
"""

import functools
import hashlib
from pathlib import Path

import msgspec

from appliance.infrastructure.arrays import ArraysDamaged, map_arrays, write_arrays
from appliance.infrastructure.database import Database
from appliance.scripture import store
from appliance.scripture.companions.dataset import Dataset
from appliance.scripture.companions.store import select_datasets
from appliance.scripture.passage import Translation
from appliance.scripture.search.index import bare_headings, index_state
from appliance.scripture.search.ranking.learned import RANKER, SHIPPED, TOPICS, load_learned, load_topics, ranker_model
from appliance.scripture.search.ranking.ranking import Ranking, compile_ranking
from appliance.scripture.search.ranking.reading import read_knowledge
from appliance.scripture.store import Dictionary

# Raised with every change of what is in the file.
FORMAT = 1


class LibraryState(msgspec.Struct, frozen=True, kw_only=True):
    """What a compiled index depends on; two that are equal compile to the same.

    `complete` where every verse of `translation` has a vector of `model`, and `fits` where the ranking model was trained for
    an embedded text and a model like these.
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
    """A ranking, and the state of the library that it is of."""

    state: LibraryState
    ranking: Ranking


class IndexFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where the compiled index lies, and where a memory of imported votes would lie."""

    compiled: Path
    topics: Path | None = None


def library_state(library: Database, embedded: str, model: str, files: IndexFiles) -> LibraryState:
    """The state of a library now, whose preferred text for search by meaning is `embedded`."""
    reader = library.reader
    texts = store.select_translations(reader)
    sources: list[Translation | Dictionary | Dataset] = [
        *texts,
        *store.select_dictionaries(reader),
        *select_datasets(reader),
    ]
    index = index_state(library, embedded, model)
    english = any(each.id == index.translation and each.language.startswith("en") for each in texts)
    return LibraryState(
        format=FORMAT,
        learned=_digest_of_learned(),
        model=model,
        translation=index.translation or "",
        complete=index.complete,
        fits=english and model == ranker_model(SHIPPED / RANKER),
        headings_embedded=bare_headings(library, model) == 0,
        topics_changed_at=changed_at(files.topics),
        sources=tuple((each.id, each.digest) for each in sources),
    )


def index_is_stale(state: LibraryState, files: IndexFiles) -> bool:
    """True where the compiled index is not of the present state: it is missing, older, damaged or of no use any more."""
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
    """Compile the index of a library and publish it. Of a library that the ranking model does not fit, none is kept."""
    if not state.fits:
        files.compiled.unlink(missing_ok=True)
        return None
    texts = store.select_translations(library.reader)
    embedded = next(each for each in texts if each.id == state.translation)
    knowledge = read_knowledge(library.reader, embedded, second_text(texts, embedded), state.model)
    own = state.topics_changed_at is not None and files.topics is not None
    topics = load_topics(files.topics if own and files.topics else SHIPPED / TOPICS)
    ranking = compile_ranking(library.reader, knowledge, load_learned(SHIPPED / RANKER), topics)
    index = CompiledIndex(state=state, ranking=ranking)
    write_arrays(files.compiled, index)
    return index


def second_text(known: list[Translation], embedded: Translation) -> Translation | None:
    """Another English text beside the embedded one, whose older words find what its own do not: the KJV where it is there."""
    others = [each for each in known if each.language.startswith("en") and each.id != embedded.id]
    return next((each for each in others if each.id == "KJV"), next(iter(others), None))


def changed_at(path: Path | None) -> int | None:
    """When a file was changed, in nanoseconds; None where there is none."""
    try:
        return path.stat().st_mtime_ns if path else None
    except OSError:
        return None


@functools.cache
def _digest_of_learned() -> str:
    """What is shipped belongs to the program: another version may have learned other trees."""
    return hashlib.sha256(b"".join((SHIPPED / name).read_bytes() for name in (RANKER, TOPICS))).hexdigest()
