"""Search by words over the real library. The integration tests cover search by meaning."""

from pathlib import Path

import pytest

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.scripture import canon
from appliance.scripture.search.cursor import CursorInvalid
from appliance.scripture.search.hits import Mode, Results, Search
from appliance.scripture.search.meaning import MeaningUnavailable
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries


def find(
    library: Database,
    query: str,
    *,
    mode: Mode = Mode.KEYWORD,
    translation: str = "WEB",
    limit: int = 20,
    cursor: str | None = None,
    testament: canon.Testament | None = None,
    book: str | None = None,
) -> Results:
    search = Search(
        query=query,
        mode=mode,
        translation=queries.find_translation(library, translation),
        limit=limit,
        cursor=cursor,
        testament=testament,
        book=book,
    )
    return Finder(library, None, embedded="WEB", files=IndexFiles(compiled=Path("missing"))).search(search)


def test_words_find_the_verse_and_are_highlighted(full_library: Database) -> None:
    hit = find(full_library, "anxious tomorrow").hits[0]

    assert "Matt.6.34" == hit.osis
    assert {"anxious", "tomorrow"} == {hit.text[start:end] for start, end in hit.highlights}
    assert 1 == hit.why.keyword_rank


def test_a_phrase_finds_exact_matches_only(full_library: Database) -> None:
    hits = find(full_library, '"Jesus wept"').hits

    assert ["John.11.35"] == [hit.osis for hit in hits]


def test_word_forms_match_and_diacritics_are_ignored(full_library: Database) -> None:
    with_accent, without = (
        [hit.osis for hit in find(full_library, word, translation="RV1909").hits] for word in ("corazón", "corazon")
    )

    assert find(full_library, "loves mercy").hits
    assert 20 == len(with_accent)
    assert with_accent == without


def test_search_filters_by_testament_and_book(full_library: Database) -> None:
    hits = find(full_library, "shepherd", testament=canon.Testament.NEW).hits

    assert {canon.Testament.NEW} == {canon.split_verse_id(hit.verse_id)[0].testament for hit in hits}
    assert {"Ps"} == {hit.osis.split(".")[0] for hit in find(full_library, "shepherd", book="psalms").hits}


def test_pages_have_no_gaps_and_no_duplicates(full_library: Database) -> None:
    all_results = find(full_library, "shepherd", limit=50)
    pages, cursor = [], None
    for _ in range(5):
        page = find(full_library, "shepherd", limit=10, cursor=cursor)
        pages += [hit.verse_id for hit in page.hits]
        cursor = page.next_cursor

    assert [hit.verse_id for hit in all_results.hits] == pages


def test_keyword_results_can_be_paged_to_the_end(full_library: Database) -> None:
    cursor, count = None, 0
    while True:
        page = find(full_library, "shepherd*", limit=100, cursor=cursor)
        count += len(page.hits)
        cursor = page.next_cursor
        if cursor is None:
            break

    assert (
        full_library.reader.value("SELECT count(*) FROM verses WHERE translation = 'WEB' AND text LIKE '%shepherd%'")
        == count
    )


def test_a_query_that_only_excludes_words_is_refused(full_library: Database) -> None:
    with pytest.raises(QueryRefused, match="only excludes"):
        find(full_library, "NOT hope")


def test_a_reference_comes_first(full_library: Database) -> None:
    hit = find(full_library, "John 3:16", mode=Mode.HYBRID).hits[0]

    assert ("John.3.16", True) == (hit.osis, hit.why.reference)


def test_without_vectors_hybrid_search_says_so_and_semantic_search_is_unavailable(full_library: Database) -> None:
    assert "by words only" in (find(full_library, "anger", mode=Mode.HYBRID).notice or "")
    with pytest.raises(MeaningUnavailable, match="being prepared"):
        find(full_library, "anger", mode=Mode.SEMANTIC)


@pytest.mark.parametrize(("query", "limit"), [("", 20), ("  !?", 20), ("x" * 10_000, 20), ("love", 101), ("love", 0)])
def test_invalid_queries_are_refused_with_a_remedy(full_library: Database, query: str, limit: int) -> None:
    with pytest.raises(QueryRefused) as raised:
        find(full_library, query, limit=limit)

    assert raised.value.remedy


@pytest.mark.parametrize("cursor", ["zzz", "e30", "é", "eyJvZmZzZXQiOi01fQ", "eyJvZmZzZXQiOjk5OTk5OX0"])
def test_an_invalid_cursor_is_refused(full_library: Database, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        find(full_library, "love", cursor=cursor)


def test_an_unknown_book_suggests_a_similar_name(full_library: Database) -> None:
    with pytest.raises(NotFound, match="Did you mean Psalms"):
        find(full_library, "love", book="Psalsm")
