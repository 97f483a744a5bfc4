"""The ranking of a library as it is now."""

import threading
from pathlib import Path

import msgspec
import structlog

from appliance.infrastructure.database import Database
from appliance.infrastructure.garbage import leave_out_of_collections
from appliance.scripture import store
from appliance.scripture.companions.dataset import Dataset
from appliance.scripture.companions.store import select_datasets
from appliance.scripture.passage import Translation
from appliance.scripture.search.index import IndexState, bare_headings, index_state
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.learned import RANKER, SHIPPED, TOPICS, load_learned, load_topics
from appliance.scripture.search.ranking.ranking import Ranking
from appliance.scripture.store import Dictionary

_log = structlog.get_logger()


class _Seen(threading.local):
    """What a thread knows of the library, and of which version of it."""

    version: object = None
    library: "_Library | None" = None


class _Library(msgspec.Struct, frozen=True):
    """What a ranking depends on."""

    model: str
    index: IndexState
    has_heading_vectors: bool
    topics_changed_at: int | None
    sources: tuple[tuple[str, str], ...]


class Rankings:
    """The ranking of a library as it is now, read at the first need and again when the library changes."""

    def __init__(self, library: Database, *, embedded: str, topics: Path | None) -> None:
        """`topics` is where a memory of imported votes lies, if there is one: it goes before the shipped one."""
        self._library, self._embedded, self._topics = library, embedded, topics
        self._lock = threading.Lock()
        self._seen = _Seen()
        self._of: _Library | None = None
        self._ranking: Ranking | None = None

    def index_is_complete(self, model: str) -> bool:
        """True where every verse has a vector of a model."""
        return self._look(model).index.complete

    def current(self, model: str) -> Ranking | None:
        """The ranking for vectors of a model; None where the library or the model is none that it was learned for.

        While a library that changed is read, the older ranking goes on.
        """
        library = self._look(model)
        if self._of == library:
            return self._ranking
        if self._ranking is None:
            self._take(library)
        elif not self._lock.locked():
            threading.Thread(target=self._take, args=(library,), daemon=True).start()
        return self._ranking

    def prepare(self, model: str) -> None:
        """Read the ranking in the background where it was not read yet: somebody is about to search."""
        if self._of is None and not self._lock.locked():
            threading.Thread(target=self.current, args=(model,), daemon=True).start()

    def _look(self, model: str) -> _Library:
        version = self._library.reader.value("PRAGMA data_version"), model, _changed_at(self._topics)
        if self._seen.library is None or self._seen.version != version:
            reader = self._library.reader
            sources: list[Translation | Dictionary | Dataset] = [
                *store.select_translations(reader),
                *store.select_dictionaries(reader),
                *select_datasets(reader),
            ]
            self._seen.library = _Library(
                model,
                index_state(self._library, self._embedded, model),
                bare_headings(self._library, model) == 0,
                version[2],
                tuple((each.id, each.digest) for each in sources),
            )
            self._seen.version = version
        return self._seen.library

    def _take(self, library: _Library) -> None:
        with self._lock:
            if self._of != library:
                try:
                    self._ranking = self._read(library)
                    leave_out_of_collections()
                finally:
                    # Set last: until then, a search without an older ranking waits for this one. It is set after an
                    # error too, because each state of the library is tried once.
                    self._of = library

    def _read(self, library: _Library) -> Ranking | None:
        known = {each.id: each for each in store.select_translations(self._library.reader)}
        if not library.index.complete or library.index.translation is None:
            return None
        embedded = known[library.index.translation]
        learned = load_learned(SHIPPED / RANKER)
        if learned.model != library.model or not embedded.language.startswith("en"):
            return None
        own = library.topics_changed_at is not None and self._topics is not None
        topics = load_topics(self._topics if own and self._topics else SHIPPED / TOPICS)
        knowledge = Knowledge(
            self._library.reader, embedded, second_text(list(known.values()), embedded), library.model
        )
        _log.info("ranking read", verses=knowledge.size, links=len(knowledge.links.values), topics=len(topics.names))
        return Ranking(knowledge, learned, topics)


def second_text(known: list[Translation], embedded: Translation) -> Translation | None:
    """Another English text beside the embedded one, whose older words find what its own do not: the KJV where it is there."""
    others = [each for each in known if each.language.startswith("en") and each.id != embedded.id]
    return next((each for each in others if each.id == "KJV"), next(iter(others), None))


def _changed_at(path: Path | None) -> int | None:
    try:
        return path.stat().st_mtime_ns if path else None
    except OSError:
        return None
