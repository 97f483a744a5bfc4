"""Keyword search."""

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.canon import WHOLE_CANON
from appliance.scripture.search.modes.keyword import QueryRefused, find, parse
from appliance.scripture.search.request import Request
from appliance.scripture.translations.queries import Translations


def request(library: Database, text: str) -> Request:
    return Request(text=text, translation=Translations(library, "Hymns").choose(), verses=WHOLE_CANON, depth=10)


def test_candidates_contain_all_words_and_have_a_rank(hymns: Database) -> None:
    candidates = find(hymns, request(hymns, "have mercy"))

    assert [(19_051_001, 1.0)] == candidates.ranked
    assert 1 == candidates.explain([19_051_001])[19_051_001].keyword_rank
    assert ("have", "mercy") == candidates.marked_words


def test_a_query_without_words_finds_nothing(hymns: Database) -> None:
    assert [] == find(hymns, request(hymns, '""')).ranked


@pytest.mark.parametrize("typed", ["NOT mercy", "-mercy", 'NOT "have mercy"'])
def test_a_query_that_only_excludes_words_is_refused(typed: str) -> None:
    if typed != 'NOT "have mercy"':
        with pytest.raises(QueryRefused, match="only excludes"):
            parse(typed, typed)
    else:
        assert parse(typed, typed) is None
