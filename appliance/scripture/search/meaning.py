"""Search by meaning. It is available as soon as every verse has a vector of the embedding model."""

import threading
import time

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.search.index import embedded_translation, index_state
from appliance.scripture.search.ports import Embedder
from appliance.scripture.translations.translation import Translation

# For this time after it was prepared, the model is still loaded, so it is not prepared again.
PREPARED_S = 30.0


class MeaningUnavailable(Unavailable):
    """Not all verses have vectors yet, or there is no model that can turn the query into a vector."""


class _CompleteCache(threading.local):
    """A cache per thread. For one version of the library and one model, it stores if the index is complete."""

    version: object = None
    complete: bool = False


class MeaningIndex:
    """The vectors of a library's verses. `preferred` is the translation that gets vectors. Safe to use from several threads."""

    def __init__(self, library: Database, embedder: Embedder | None, *, preferred: str) -> None:
        self._library, self._embedder, self._preferred = library, embedder, preferred
        self._cache = _CompleteCache()
        self._prepared_at = -PREPARED_S

    def embedder(self) -> Embedder:
        """Return the embedding model, if every verse has a vector of this model. Raises MeaningUnavailable."""
        embedder = self._embedder
        if embedder is None or not self.is_complete(embedder.model):
            state = index_state(self._library, self._preferred, embedder.model if embedder else "")
            share = f"{state.embedded / state.total:.0%}" if state.total else "0%"
            raise MeaningUnavailable(
                f"Search by meaning is being prepared ({share} done).",
                remedy="Run `lampstand index` to prepare it now. `lampstand status` shows the progress.",
            )
        return embedder

    def is_complete(self, model: str) -> bool:
        """Return True if every verse has a vector of a model."""
        version = self._library.reader.value("PRAGMA data_version"), model
        if self._cache.version != version:
            self._cache.complete = index_state(self._library, self._preferred, model).complete
            self._cache.version = version
        return self._cache.complete

    def prepare(self) -> None:
        """Load the model in the background, before the first search needs the model."""
        embedder, now = self._embedder, time.monotonic()
        if embedder and now - self._prepared_at > PREPARED_S and self.is_complete(embedder.model):
            self._prepared_at = now
            threading.Thread(target=embedder.prepare, name="prepare search", daemon=True).start()

    def language_notice(self, translation: Translation) -> str | None:
        """Return a message if the reader's language is not the language in which search by meaning works. Otherwise None."""
        embedded = embedded_translation(self._library, self._preferred)
        tags = (embedded.language if embedded else "und", translation.language)
        languages = {tag.split("-")[0] for tag in tags} - {"und"}
        if embedded is None or len(languages) < 2:
            return None
        return (
            f"Search by meaning uses {embedded.name} only, because no model for other languages is installed. "
            f"Search by words uses {translation.name}."
        )
