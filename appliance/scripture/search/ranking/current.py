"""The ranker in use. It is part of the compiled index, which is mapped into memory."""

import structlog

from appliance.errors import Unavailable
from appliance.infrastructure.arrays import ArraysDamaged, MappedFile
from appliance.infrastructure.database import Database
from appliance.scripture.search.ranking.compiled import CompiledIndex, library_state
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.ranking.ranker import Ranker

REMEDY = "Run `lampstand index` to compile it."
_log = structlog.get_logger()


class RankerUnavailable(Unavailable):
    """There is no compiled index for this library and embedding model."""


class CurrentRanker:
    """The compiled ranker. After a new index is published, it is mapped again. Safe to use from several threads."""

    def __init__(self, library: Database, *, embedded: str, files: IndexFiles) -> None:
        """`embedded` is the preferred translation for search by meaning."""
        self._library, self._embedded, self._files = library, embedded, files
        self._mapped = MappedFile(files.compiled, CompiledIndex)
        self._is_damaged = False

    def current(self, model: str) -> Ranker:
        """Return the ranker for vectors of a model. While the index of a changed library is compiled, the older one is used.

        Raises RankerUnavailable.
        """
        index = self._index(model)
        if index.state.model != model:
            raise RankerUnavailable("The search index was compiled for another embedding model.", remedy=REMEDY)
        return index.ranker

    def _index(self, model: str) -> CompiledIndex:
        try:
            index = self._mapped.current()
        except FileNotFoundError:
            raise self._missing(model) from None
        except ArraysDamaged as error:
            if not self._is_damaged:
                _log.error("the search index cannot be read", reason=str(error))
            self._is_damaged = True
            raise RankerUnavailable("The search index cannot be read.", remedy=REMEDY) from error
        self._is_damaged = False
        return index

    def _missing(self, model: str) -> RankerUnavailable:
        if library_state(self._library, self._embedded, model, self._files).fits:
            return RankerUnavailable("The search index is not compiled yet.", remedy=REMEDY)
        return RankerUnavailable(
            "The ranking model does not support this library.",
            remedy="Ranking needs an English translation and the embedding model that ./packaging/run.sh installs.",
        )
