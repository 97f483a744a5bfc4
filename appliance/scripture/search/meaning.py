"""The index by meaning as searches use it: the embedding model, once every verse has a vector of it."""

import threading
import time

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.search.index import embedded_translation, index_state
from appliance.scripture.search.ports import Embedder
from appliance.scripture.translations.translation import Translation

# A model that was loaded a short time ago is there still.
PREPARED_S = 30.0


class MeaningUnavailable(Unavailable):
    """There are no vectors yet, or no model to embed the query."""


class _Checked(threading.local):
    """Whether the index is complete, as a thread knows it, and for which version of the library and which model."""

    version: object = None
    complete: bool = False


class MeaningIndex:
    """The vectors of a library's verses. `preferred` is the translation to embed. Safe to use from several threads."""

    def __init__(self, library: Database, embedder: Embedder | None, *, preferred: str) -> None:
        self._library, self._embedder, self._preferred = library, embedder, preferred
        self._checked = _Checked()
        self._prepared_at = -PREPARED_S

    def embedder(self) -> Embedder:
        """The model, where every verse has a vector of it. Raises MeaningUnavailable."""
        embedder = self._embedder
        if embedder is None or not self.is_complete(embedder.model):
            state = index_state(self._library, self._preferred, embedder.model if embedder else "")
            share = f"{state.embedded / state.total:.0%}" if state.total else "0%"
            raise MeaningUnavailable(
                f"Search by meaning is being prepared ({share} done).",
                remedy="`lampstand index` prepares it; `lampstand status` shows how far it is.",
            )
        return embedder

    def is_complete(self, model: str) -> bool:
        """True where every verse has a vector of a model."""
        version = self._library.reader.value("PRAGMA data_version"), model
        if self._checked.version != version:
            self._checked.complete = index_state(self._library, self._preferred, model).complete
            self._checked.version = version
        return self._checked.complete

    def prepare(self) -> None:
        """Have the model loaded in the background, because somebody is about to search."""
        embedder, now = self._embedder, time.monotonic()
        if embedder and now - self._prepared_at > PREPARED_S and self.is_complete(embedder.model):
            self._prepared_at = now
            threading.Thread(target=embedder.prepare, name="prepare search", daemon=True).start()

    def language_notice(self, translation: Translation) -> str | None:
        """What a reader of another language than the embedded translation's should know."""
        embedded = embedded_translation(self._library, self._preferred)
        tags = (embedded.language if embedded else "und", translation.language)
        languages = {tag.split("-")[0] for tag in tags} - {"und"}
        if embedded is None or len(languages) < 2:
            return None
        return (
            f"Meaning is searched in the {embedded.name} only, until a model for more languages is added; "
            f"words are searched in {translation.name}."
        )
