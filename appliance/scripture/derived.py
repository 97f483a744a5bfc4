"""Data that jobs build from the library, and the check whether this data is outdated.

Jobs build the vectors, the graph, the topic memory, the compiled search index and the suggestions. This module decides which
jobs must run after a change of the library.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.scripture.jobs import COMPILE, GRAPH, INDEX, MEMORY, LibraryJobParts
from appliance.scripture.search.index import IndexState, count_unembedded_headings, index_state
from appliance.scripture.translations import queries

if TYPE_CHECKING:
    from appliance.scripture.search.ranking.index_files import IndexFiles


class DerivedData:
    """The data that jobs built from one library. `can_embed` returns True if the embedding model is installed."""

    def __init__(
        self,
        library: Database,
        folder: DataFolder,
        settings: Settings,
        *,
        index_files: "IndexFiles",
        can_embed: Callable[[], bool],
    ) -> None:
        self._library, self._folder, self._index_files = library, folder, index_files
        self._translation, self._model = settings.embedded_translation, settings.embedding_model
        self._can_embed = can_embed

    def index_state(self) -> IndexState:
        """Return how much of the library can be searched by meaning."""
        return index_state(self._library, self._translation, self._model)

    def outdated(self) -> list[JobKind[Any, LibraryJobParts]]:
        """Return the kinds of jobs that update this data after a change of the library, in the order to run them."""
        checks = {
            INDEX: self.lacks_vectors,
            GRAPH: self.graph_is_outdated,
            MEMORY: self.memory_is_outdated,
            COMPILE: self.compiled_is_outdated,
        }
        return [kind for kind, is_outdated in checks.items() if is_outdated()]

    def lacks_vectors(self) -> bool:
        """Return True if verses or headings have no vectors and the embedding model is installed."""
        state = self.index_state()
        is_incomplete = not state.complete or count_unembedded_headings(self._library, self._model) > 0
        return state.total > 0 and is_incomplete and self._can_embed()

    def graph_is_outdated(self) -> bool:
        """Return True if the library has translations, but no graph was built from its current state."""
        from appliance.scripture.graph.freshness import graph_is_stale

        return bool(queries.translations(self._library)) and graph_is_stale(self._library, self._folder.graph)

    def memory_is_outdated(self) -> bool:
        """Return True if topic votes were imported or removed after the topic memory was built."""
        from appliance.scripture.search.ranking.imported_topics import memory_is_stale

        return memory_is_stale(self._library, self._folder.topic_memory, self._model) and self._can_embed()

    def compiled_is_outdated(self) -> bool:
        """Return True if the search index or the suggestions were compiled from another state of the library.

        The search index needs the data that earlier jobs build, so it is compiled after these jobs.
        """
        from appliance.scripture.search.ranking.compiled import index_is_stale, library_state
        from appliance.scripture.suggestions import suggestions_are_stale

        state = library_state(self._library, self._translation, self._model, self._index_files)
        suggestions = self._folder.suggestions
        return index_is_stale(state, self._index_files) or suggestions_are_stale(self._library, suggestions)
