"""Hybrid search over a small library, with vectors without a model."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.search import service
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.hits import Hit, Results, Search
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.search.ranking.compiled import compile_index, library_state
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations

VECTORS = HashedVectors()


@pytest.fixture
def finder(hymns: Database, files: IndexFiles) -> Finder:
    """A finder for a library of three verses with a compiled search index."""
    compile_index(hymns, library_state(hymns, "Hymns", VECTORS.model, files), files)
    return Finder(hymns, VECTORS, embedded="Hymns", files=files)


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
