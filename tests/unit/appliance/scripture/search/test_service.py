"""Search over the real library, by words; meaning is searched in the integration tests."""

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


def test_words_find_the_verse_and_are_marked(full_library: Database) -> None:
    best = find(full_library, "anxious tomorrow").hits[0]

    assert "Matt.6.34" == best.osis
    assert {"anxious", "tomorrow"} == {best.text[start:end] for start, end in best.highlights}
    assert 1 == best.why.keyword_rank


def test_a_phrase_is_found_as_it_stands(full_library: Database) -> None:
    hits = find(full_library, '"Jesus wept"').hits

    assert ["John.11.35"] == [hit.osis for hit in hits]


def test_forms_of_a_word_and_diacritics_are_one(full_library: Database) -> None:
    with_accent, without = (
        [hit.osis for hit in find(full_library, word, translation="RV1909").hits] for word in ("corazón", "corazon")
    )

    assert find(full_library, "loves mercy").hits
    assert 20 == len(with_accent)
    assert with_accent == without


def test_filters_by_testament_and_book(full_library: Database) -> None:
    new = find(full_library, "shepherd", testament=canon.Testament.NEW).hits

    assert {canon.Testament.NEW} == {canon.split_verse_id(hit.verse_id)[0].testament for hit in new}
    assert {"Ps"} == {hit.osis.split(".")[0] for hit in find(full_library, "shepherd", book="psalms").hits}


def test_pages_follow_each_other_without_gap_or_repeat(full_library: Database) -> None:
    whole = find(full_library, "shepherd", limit=50)
    pages, cursor = [], None
    for _ in range(5):
        page = find(full_library, "shepherd", limit=10, cursor=cursor)
        pages += [hit.verse_id for hit in page.hits]
        cursor = page.next_cursor

    assert [hit.verse_id for hit in whole.hits] == pages


def test_keyword_results_can_be_paged_to_the_end(full_library: Database) -> None:
    cursor, seen = None, 0
    while True:
        page = find(full_library, "shepherd*", limit=100, cursor=cursor)
        seen += len(page.hits)
        cursor = page.next_cursor
        if cursor is None:
            break

    assert (
        full_library.reader.value("SELECT count(*) FROM verses WHERE translation = 'WEB' AND text LIKE '%shepherd%'")
        == seen
    )


def test_a_query_that_only_excludes_is_refused(full_library: Database) -> None:
    with pytest.raises(QueryRefused, match="only excludes"):
        find(full_library, "NOT hope")


def test_a_reference_comes_first(full_library: Database) -> None:
    found = find(full_library, "John 3:16", mode=Mode.HYBRID)

    assert ("John.3.16", True) == (found.hits[0].osis, found.hits[0].why.reference)


def test_without_vectors_hybrid_says_so_and_semantic_is_unavailable(full_library: Database) -> None:
    assert "by words only" in (find(full_library, "anger", mode=Mode.HYBRID).notice or "")
    with pytest.raises(MeaningUnavailable, match="being prepared"):
        find(full_library, "anger", mode=Mode.SEMANTIC)


@pytest.mark.parametrize(("query", "limit"), [("", 20), ("  !?", 20), ("x" * 10_000, 20), ("love", 101), ("love", 0)])
def test_bad_queries_are_refused_with_what_is_allowed(full_library: Database, query: str, limit: int) -> None:
    with pytest.raises(QueryRefused) as raised:
        find(full_library, query, limit=limit)

    assert raised.value.remedy


@pytest.mark.parametrize("cursor", ["zzz", "e30", "é", "eyJvZmZzZXQiOi01fQ", "eyJvZmZzZXQiOjk5OTk5OX0"])
def test_a_made_up_cursor_is_refused(full_library: Database, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        find(full_library, "love", cursor=cursor)


def test_an_unknown_book_names_the_nearest(full_library: Database) -> None:
    with pytest.raises(NotFound, match="Did you mean Psalms"):
        find(full_library, "love", book="Psalsm")
