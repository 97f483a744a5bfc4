"""Hybrid search over a small library, with vectors that need no model."""

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
    """Searches three hymns, for which the search index is compiled."""
    compile_index(hymns, library_state(hymns, "Hymns", VECTORS.model, files), files)
    return Finder(hymns, VECTORS, embedded="Hymns", files=files)


@pytest.fixture
def search(finder: Finder, hymns: Database) -> Callable[..., Results]:
    translation = Translations(hymns, "Hymns").choose()
    return lambda query, **more: finder.search(Search(query=query, **{"translation": translation, **more}))


@contextmanager
def counting(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """How often functions are called, by whatever name they were imported."""
    names = {function.__code__: function.__name__ for function in functions}
    counts: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code: CodeType = frame.f_code
        if event == "call" and code in names:
            counts[names[code]] += 1

    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(None)


def test_the_query_is_parsed_once_the_translation_is_resolved_once_and_each_hit_is_built_once(
    search: Callable[..., Results], hymns: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []

    def build(**fields: Any) -> Hit:
        built.append(fields["verse_id"])
        return Hit(**fields)

    monkeypatch.setattr(service, "Hit", build)
    with counting(parse_query, queries.find_translation) as calls:
        translation = Translations(hymns, "Other").choose("Hymns")
        results = search("what does the bible say about a shepherd?", translation=translation)

    assert (1, 1) == (calls["parse_query"], calls["find_translation"])
    assert results.hits
    assert built == [hit.verse_id for hit in results.hits]


def test_a_misspelt_word_is_searched_as_the_one_that_is_meant(search: Callable[..., Results]) -> None:
    with counting(parse_query) as calls:
        results = search("sheperd")

    assert "“shepherd” for “sheperd”" in (results.notice or "")
    assert "Ps.23.1" == results.hits[0].osis
    assert 1 == calls["parse_query"]


def test_a_phrase_goes_first(search: Callable[..., Results]) -> None:
    assert "Ps.51.2" == search('"wash me"').hits[0].osis


def test_excluded_words_are_searched_by_words_alone(search: Callable[..., Results]) -> None:
    results = search("me NOT mercy")

    assert ["Ps.51.2"] == [hit.osis for hit in results.hits]
    assert "meaning was not searched" in (results.notice or "")


def test_a_question_that_only_excludes_is_refused(search: Callable[..., Results]) -> None:
    with pytest.raises(QueryRefused, match="only excludes"):
        search("NOT mercy")


def test_without_the_compiled_index_words_and_meaning_are_fused(hymns: Database, files: IndexFiles) -> None:
    finder = Finder(hymns, VECTORS, embedded="Hymns", files=files)
    results = finder.search(Search(query="shepherd", translation=Translations(hymns, "Hymns").choose()))

    assert "Ps.23.1" == results.hits[0].osis
    assert "ordered by words and meaning only" in (results.notice or "")


def test_without_vectors_words_are_searched(hymns: Database, files: IndexFiles) -> None:
    finder = Finder(hymns, None, embedded="Hymns", files=files)
    results = finder.search(Search(query="shepherd", translation=Translations(hymns, "Hymns").choose()))

    assert ["Ps.23.1"] == [hit.osis for hit in results.hits]
    assert "match by words only" in (results.notice or "")


def test_a_reader_of_another_language_gets_the_verses_with_their_words(
    search: Callable[..., Results], hymns: Database, import_text: Callable[..., None]
) -> None:
    import_text("Himnos", {"Ps.23.1": "Una frase con pastor"}, language="es")
    results = search("pastor", translation=Translations(hymns, "Himnos").choose())

    assert ["Ps.23.1"] == [hit.osis for hit in results.hits]
    assert "Meaning is searched in the Hymns only" in (results.notice or "")
