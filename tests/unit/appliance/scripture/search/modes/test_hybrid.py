"""Hybrid search over a small library, with vectors without a model."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.search import service
from appliance.scripture.search.candidates import Candidates
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.hits import Hit, Results, Search
from appliance.scripture.search.meaning import MeaningIndex, MeaningUnavailable
from appliance.scripture.search.modes import hybrid
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.search.ranking.current import CurrentRanker, RankerUnavailable
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.ranking.ranker import FeatureTable
from appliance.scripture.search.request import Request
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations

VECTORS = HashedVectors()


@pytest.fixture
def finder(hymns: Database, compiled_hymns: IndexFiles) -> Finder:
    """A finder for a library of three verses with a compiled search index."""
    return Finder(hymns, VECTORS, embedded="Hymns", files=compiled_hymns)


@pytest.fixture
def search(finder: Finder, hymns: Database) -> Callable[..., Results]:
    translation = Translations(hymns, "Hymns").choose()
    return lambda query, **options: finder.search(Search(query=query, **{"translation": translation, **options}))


@contextmanager
def counting(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count the calls of functions, under any imported name."""
    names = {function.__code__: function.__name__ for function in functions}
    counts: Counter[str] = Counter()

    def count_call(frame: FrameType, event: str, _argument: object) -> None:
        code: CodeType = frame.f_code
        if event == "call" and code in names:
            counts[names[code]] += 1

    sys.setprofile(count_call)
    try:
        yield counts
    finally:
        sys.setprofile(None)


def test_the_query_is_parsed_once_the_translation_is_resolved_once_and_each_hit_is_built_once(
    search: Callable[..., Results], hymns: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_verses: list[int] = []

    def build(**fields: Any) -> Hit:
        built_verses.append(fields["verse_id"])
        return Hit(**fields)

    monkeypatch.setattr(service, "Hit", build)
    with counting(parse_query, queries.find_translation) as calls:
        translation = Translations(hymns, "Other").choose("Hymns")
        results = search("what does the bible say about a shepherd?", translation=translation)

    assert (1, 1) == (calls["parse_query"], calls["find_translation"])
    assert results.hits
    assert built_verses == [hit.verse_id for hit in results.hits]


def test_a_misspelt_word_is_corrected_and_the_notice_says_so(search: Callable[..., Results]) -> None:
    with counting(parse_query) as calls:
        results = search("sheperd")

    assert "“shepherd” instead of “sheperd”" in (results.notice or "")
    assert "Ps.23.1" == results.hits[0].osis
    assert 1 == calls["parse_query"]


def test_a_verse_with_the_phrase_comes_first(search: Callable[..., Results]) -> None:
    assert "Ps.51.2" == search('"wash me"').hits[0].osis


def test_a_query_that_excludes_words_is_searched_by_words_only(search: Callable[..., Results]) -> None:
    results = search("me NOT mercy")

    assert ["Ps.51.2"] == [hit.osis for hit in results.hits]
    assert "search by meaning was not used" in (results.notice or "")


def test_a_query_that_only_excludes_words_is_refused(search: Callable[..., Results]) -> None:
    with pytest.raises(QueryRefused, match="only excludes"):
        search("NOT mercy")


def test_without_a_compiled_index_results_by_words_and_meaning_are_fused(hymns: Database, files: IndexFiles) -> None:
    finder = Finder(hymns, VECTORS, embedded="Hymns", files=files)
    results = finder.search(Search(query="shepherd", translation=Translations(hymns, "Hymns").choose()))

    assert "Ps.23.1" == results.hits[0].osis
    assert "ordered by words and meaning only" in (results.notice or "")


def test_without_vectors_the_search_is_by_words_only(hymns: Database, files: IndexFiles) -> None:
    finder = Finder(hymns, None, embedded="Hymns", files=files)
    results = finder.search(Search(query="shepherd", translation=Translations(hymns, "Hymns").choose()))

    assert ["Ps.23.1"] == [hit.osis for hit in results.hits]
    assert "found by words only" in (results.notice or "")


def test_a_query_in_another_language_finds_verses_by_words(
    search: Callable[..., Results], hymns: Database, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase con pastor"}, language="es")
    results = search("pastor", translation=Translations(hymns, "Himnos").choose())

    assert ["Ps.23.1"] == [hit.osis for hit in results.hits]
    assert "Search by meaning uses Hymns only" in (results.notice or "")


PSALM_23, MERCY, WASH = 19_023_001, 19_051_001, 19_051_002


class BrokenModel(HashedVectors):
    """An embedding model that cannot embed a query."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        raise Unavailable(f"The model cannot embed {len(texts)} texts.")


class Hybrid:
    """Hybrid search in a library, without the finder around it."""

    def __init__(self, library: Database, files: IndexFiles, embedder: HashedVectors | None = VECTORS) -> None:
        self._library = library
        self._meaning = MeaningIndex(library, embedder, preferred="Hymns")
        self._ranker = CurrentRanker(library, embedded="Hymns", files=files)

    def find(self, text: str, *, translation: str = "Hymns", verses: VerseRange = WHOLE_CANON) -> Candidates:
        return hybrid.find(self._library, self._request(text, translation, verses), self._meaning, self._ranker)

    def features(self, text: str) -> FeatureTable:
        return hybrid.features(self._library, self._request(text, "Hymns", WHOLE_CANON), self._meaning, self._ranker)

    def best_score(self, text: str) -> float:
        """The highest score that the ranking model gives a verse."""
        ranker = self._ranker.current(VECTORS.model)
        ranked = ranker.rank(self._library.reader, parse_query(text), lambda: VECTORS.embed([text])[0], WHOLE_CANON)
        return max(ranked.scores)

    def _request(self, text: str, translation: str, verses: VerseRange) -> Request:
        return Request(
            text=text, translation=queries.find_translation(self._library, translation), verses=verses, depth=10
        )


@pytest.fixture
def compiled(hymns: Database, compiled_hymns: IndexFiles) -> Hybrid:
    """Hybrid search with the learned ranking."""
    return Hybrid(hymns, compiled_hymns)


def best(candidates: Candidates) -> int:
    return candidates.ranked[0][0]


def test_each_verse_is_ranked_once_with_a_reason(compiled: Hybrid) -> None:
    candidates = compiled.find("have mercy on me")
    verses = [verse for verse, _ in candidates.ranked]
    reasons = candidates.explain(verses)

    assert MERCY == verses[0]
    assert len(set(verses)) == len(verses)
    assert 1 == reasons[MERCY].keyword_rank
    assert ("have", "mercy", "on", "me") == candidates.marked_words
    assert candidates.notice is None


def test_verses_with_the_words_in_order_come_first_with_the_best_score(compiled: Hybrid) -> None:
    query = "the lord is my own shepherd"
    candidates = compiled.find(query)

    assert (PSALM_23, compiled.best_score(query)) == candidates.ranked[0]
    assert [PSALM_23] == [verse for verse, why in candidates.explain([PSALM_23, MERCY]).items() if why.in_order]


def test_a_query_of_three_words_is_not_compared_by_their_order(compiled: Hybrid) -> None:
    candidates = compiled.find("wash me thoroughly")

    assert not candidates.explain([WASH])[WASH].in_order


def test_a_phrase_is_searched_exactly_as_typed(compiled: Hybrid) -> None:
    assert MERCY == best(compiled.find('"mercy on me"'))
    assert compiled.find('"sheperd"').notice is None


def test_only_the_verses_of_the_range_are_candidates(compiled: Hybrid) -> None:
    candidates = compiled.find("wash or mercy", verses=VerseRange(WASH, WASH))

    assert [WASH] == [verse for verse, _ in candidates.ranked]


def test_only_the_subject_of_a_question_is_embedded(hymns: Database, compiled_hymns: IndexFiles) -> None:
    model = HashedVectors()
    Hybrid(hymns, compiled_hymns, model).find("What does the Bible say about a sheperd?")

    assert ["a shepherd"] == model.embedded


def test_a_translation_that_is_not_ranked_adds_its_own_matches_at_the_end(
    compiled: Hybrid, import_text: Callable[..., None]
) -> None:
    import_text("Others", {"Ps.23.1": "A herdsman", "Ps.23.2": "He leads the shepherd home"})

    assert (19_023_002, 0.0) == compiled.find("shepherd", translation="Others").ranked[-1]
    assert 19_023_002 not in [verse for verse, _ in compiled.find("shepherd").ranked]


def test_matches_in_another_language_are_found_by_words_only(
    hymns: Database, compiled_hymns: IndexFiles, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase con pastor"}, language="es")
    model = HashedVectors()

    assert [(PSALM_23, 1.0)] == Hybrid(hymns, compiled_hymns, model).find("pastor", translation="Himnos").ranked
    assert [] == model.embedded


def test_without_matches_in_another_language_the_query_is_ranked_by_meaning(
    compiled: Hybrid, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase con pastor"}, language="es")
    candidates = compiled.find("mercy", translation="Himnos")

    assert candidates.ranked
    assert "Search by meaning uses Hymns only" in (candidates.notice or "")
    assert "Showing results for" not in (compiled.find("mercyy", translation="Himnos").notice or "")


@pytest.mark.parametrize("is_compiled", [True, False])
def test_if_the_model_fails_verses_are_found_by_words_with_its_error(
    hymns: Database, files: IndexFiles, compiled_hymns: IndexFiles, is_compiled: bool
) -> None:
    search = Hybrid(hymns, compiled_hymns if is_compiled else files, BrokenModel())
    candidates = search.find("shepherd or wash")

    assert {PSALM_23, WASH} == {verse for verse, _ in candidates.ranked}
    assert "The model cannot embed 1 texts. These results were found by words only." == candidates.notice


def test_a_query_without_words_is_ranked_by_meaning(compiled: Hybrid) -> None:
    assert compiled.find("?!").ranked


def test_the_features_of_a_misspelt_query_are_those_of_the_corrected_one(compiled: Hybrid) -> None:
    corrected, typed = compiled.features("shepherd"), compiled.features("sheperd")

    assert corrected.columns == typed.columns
    assert corrected.verse_ids.tolist() == typed.verse_ids.tolist()
    assert corrected.rows.tolist() == typed.rows.tolist()
    assert compiled.features("mercy").rows.tolist() != typed.rows.tolist()


def test_features_need_the_model_and_the_compiled_index(hymns: Database, files: IndexFiles) -> None:
    with pytest.raises(MeaningUnavailable):
        Hybrid(hymns, files, None).features("shepherd")
    with pytest.raises(RankerUnavailable, match="not compiled"):
        Hybrid(hymns, files).features("shepherd")
