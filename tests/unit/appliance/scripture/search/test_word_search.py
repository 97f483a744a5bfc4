"""Search by words: no query causes an SQL error, and a search in a range finds the verses of the range."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.new_databases import new_library
from fakes.osis_texts import import_osis
from fakes.small_library import small_library, verse_id
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.infrastructure.database import Database
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.word_search import MATCH, match_words, search_words
from appliance.scripture.translations.translation import Translation

VERSES = {"Gen.1.1": "God made a lamp.", "Gen.1.2": "Love AND word, NOT love: near the lamp.", "Gen.1.3": "text a b é"}


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A library with a few verses. The tests only read it."""
    folder = tmp_path_factory.mktemp("lamps")
    library = new_library(folder / "library.db")
    import_osis(library, folder, "WEB", VERSES)
    yield library
    library.close()


def test_long_queries_do_not_cause_sql_errors(lamps: Database) -> None:
    for text in ("word " * 200, "a OR b AND " * 80, "-x y " * 200, "love OR " * 120):
        query = parse_query(text)
        assert query is not None
        match_words(lamps.reader, query, "WEB", WHOLE_CANON, 5, loose=True)


@settings(deadline=None, max_examples=150)
@given(
    st.text(
        alphabet=st.sampled_from(list("ab é\"'*()^:-+{}[]\\/;%_,.<>=&|~!?#@$`\0ΑΩא")) | st.characters(), max_size=60
    )
)
def test_no_typed_text_causes_an_sql_error(lamps: Database, text: str) -> None:
    query = parse_query(text)
    if query:
        match_words(lamps.reader, query, "WEB", WHOLE_CANON, 5, loose=True)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["AND", "OR", "NOT", "NEAR", "love", "-love", '"', "(", ")", "text:", "*", "^"]), max_size=8
    ).map(" ".join)
)
def test_no_order_of_operators_causes_an_sql_error(lamps: Database, text: str) -> None:
    query = parse_query(text)
    if query:
        match_words(lamps.reader, query, "WEB", WHOLE_CANON, 5, loose=True)


def test_the_query_plan_starts_from_the_full_text_index(lamps: Database) -> None:
    parameters = {"expression": 'text : ("god")', "translation": "WEB", "start": 0, "end": 10**9, "limit": 10}
    plan = [str(row[3]) for row in lamps.reader.rows(f"EXPLAIN QUERY PLAN {MATCH}", parameters)]

    assert "VIRTUAL TABLE INDEX" in plan[0]
    assert "USING INTEGER PRIMARY KEY" in plan[1]


def test_a_search_in_a_chapter_is_not_filled_by_the_chapters_around_it(tmp_path: Path) -> None:
    library, translation = small_library(tmp_path)
    second_chapter = VerseRange(verse_id(2, 1), verse_id(2, 999))

    assert [verse_id(2, 1), verse_id(2, 2)] == sorted(words_in(library, translation, second_chapter, limit=2))
    assert 6 == len(words_in(library, translation, second_chapter, limit=20))
    assert 10 == len(words_in(library, translation, WHOLE_CANON, limit=10))
    library.close()


def words_in(library: Database, translation: Translation, verses: VerseRange, *, limit: int) -> list[int]:
    return search_words(library, parse_query("lamp"), translation, verses, limit)
