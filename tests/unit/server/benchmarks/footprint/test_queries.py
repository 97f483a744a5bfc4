"""Queries are the same in each run, without repetition, and in every mode."""

from collections import Counter

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.search.hits import Mode
from appliance.scripture.search.in_order import words_of
from server.benchmarks.footprint.queries import Material, Query, first_queries, material_of, varied_queries
from server.benchmarks.search import NothingToSearch

LETTERS = "abcdefghijklmnopqrst"
VERSES = [" ".join(f"{first}{second}word" for second in LETTERS[:8]) for first in LETTERS]
MATERIAL = Material(topics=["lamps", "oil"], verses=VERSES, lemmas=["G1", "G2", "H1", "H2", "H3"])


def test_queries_are_the_same_in_each_run_and_distinct() -> None:
    queries = varied_queries(MATERIAL, 300)

    assert queries == varied_queries(MATERIAL, 300)
    assert 300 == len(set(queries))


def test_queries_use_every_mode_and_filter() -> None:
    queries = varied_queries(MATERIAL, 300)
    modes = Counter(query.mode for query in queries)

    assert set(Mode) == set(modes)
    assert modes[Mode.HYBRID] > modes[Mode.KEYWORD]
    assert {query.q for query in queries if query.mode is Mode.STRONGS} <= set(MATERIAL.lemmas)
    assert {"", "old", "new"} == {query.testament for query in queries}


def test_queries_contain_topics_phrases_prefixes_and_questions() -> None:
    queries = [query.q for query in varied_queries(MATERIAL, 300)]

    assert "lamps" in queries
    for character in ('"', "*", "?"):
        assert any(character in query for query in queries)


def test_first_queries_have_five_words_of_one_verse() -> None:
    queries = first_queries(MATERIAL, 20)

    assert 20 == len(set(queries))
    assert {(5, Mode.HYBRID)} == {(len(query.q.split()), query.mode) for query in queries}
    assert all(any(set(query.q.split()) <= set(words_of(verse)) for verse in VERSES) for query in queries)


@pytest.mark.parametrize("verses", [[], ["a b c"], ["one lamp shone bright today"]])
def test_too_few_words_are_rejected(verses: list[str]) -> None:
    material = Material(topics=[], verses=verses, lemmas=[])

    with pytest.raises(NothingToSearch):
        first_queries(material, 50)
    with pytest.raises(NothingToSearch):
        varied_queries(material, 2_000)


def test_an_empty_filter_is_not_sent() -> None:
    assert {"q": "light", "mode": "hybrid"} == Query("light").parameters
    assert {"q": "light", "mode": "keyword", "testament": "old"} == Query("light", Mode.KEYWORD, "old").parameters


def test_an_empty_library_has_no_content_for_queries(library: Database) -> None:
    assert Material([], [], []) == material_of(library, "WEB")
