"""Semantic search."""

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.canon import WHOLE_CANON
from appliance.scripture.search.meaning import MeaningIndex, MeaningUnavailable
from appliance.scripture.search.modes.semantic import find
from appliance.scripture.search.ranking.current import CurrentRanker
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.request import Request
from appliance.scripture.translations.queries import Translations

VECTORS = HashedVectors()


def request(library: Database, text: str) -> Request:
    return Request(text=text, translation=Translations(library, "Hymns").choose(), verses=WHOLE_CANON, depth=10)


@pytest.mark.parametrize("is_compiled", [True, False])
def test_the_nearest_verses_come_first_with_or_without_the_compiled_index(
    hymns: Database, files: IndexFiles, compiled_hymns: IndexFiles, is_compiled: bool
) -> None:
    meaning = MeaningIndex(hymns, VECTORS, preferred="Hymns")
    ranker = CurrentRanker(hymns, embedded="Hymns", files=compiled_hymns if is_compiled else files)
    candidates = find(hymns, request(hymns, "Have mercy on me"), meaning, ranker)
    best_verse, cosine = candidates.ranked[0]
    why = candidates.explain([best_verse])[best_verse]

    assert 19_051_001 == best_verse
    assert (1, None) == (why.semantic_rank, why.keyword_rank)
    assert [pytest.approx(1.0, abs=1e-4)] * 2 == [cosine, why.similarity]


def test_without_vectors_semantic_search_is_unavailable(hymns: Database, files: IndexFiles) -> None:
    meaning = MeaningIndex(hymns, None, preferred="Hymns")

    with pytest.raises(MeaningUnavailable):
        find(hymns, request(hymns, "mercy"), meaning, CurrentRanker(hymns, embedded="Hymns", files=files))
