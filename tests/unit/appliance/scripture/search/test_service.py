"""Search by words over a small library. The integration tests cover search by meaning, and the real library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.new_databases import new_library
from fakes.osis_texts import import_osis

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

SHEPHERDS = 45
ENGLISH = {
    f"Ps.78.{verse}": f"Shepherd {verse} keeps {'sheep ' * (verse % 7)}" for verse in range(1, SHEPHERDS + 1)
} | {
    "Prov.1.1": "A merciful shepherdess loves her anxious brother.",
    "Prov.1.2": "Tomorrow the lamp burns.",
    "John.1.1": "Do not be anxious for tomorrow, for tomorrow is anxious enough.",
    "John.1.2": "The lamp burned, and the shepherd slept.",
    "John.1.3": "Burned was the lamp.",
}
SPANISH = {"Ps.1.1": "El corazón alegre", "Ps.1.2": "La lámpara del corazon", "Ps.1.3": "La puerta"}


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A library with an English and a Spanish translation. The tests only read it."""
    folder = tmp_path_factory.mktemp("lamps")
    library = new_library(folder / "library.db")
    import_osis(library, folder, "Lamps", ENGLISH)
    import_osis(library, folder, "Luces", SPANISH, language="es")
    yield library
    library.close()


def find(
    library: Database,
    query: str,
    *,
    mode: Mode = Mode.KEYWORD,
    translation: str = "Lamps",
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
    return Finder(library, None, embedded="Lamps", files=IndexFiles(compiled=Path("missing"))).search(search)


def test_words_find_the_verse_and_are_highlighted(lamps: Database) -> None:
    (hit,) = find(lamps, "anxious tomorrow").hits

    assert "John.1.1" == hit.osis
    assert ["anxious", "tomorrow", "tomorrow", "anxious"] == [hit.text[start:end] for start, end in hit.highlights]
    assert 1 == hit.why.keyword_rank


def test_a_phrase_finds_exact_matches_only(lamps: Database) -> None:
    assert ["John.1.3"] == [hit.osis for hit in find(lamps, '"burned was the lamp"').hits]
    # John.1.3 has both words, in the other order.
    assert {"Prov.1.2", "John.1.2"} == {hit.osis for hit in find(lamps, '"lamp burned"').hits}


def test_word_forms_match_and_diacritics_are_ignored(lamps: Database) -> None:
    with_accent, without = (
        [hit.osis for hit in find(lamps, word, translation="Luces").hits] for word in ("corazón", "corazon")
    )

    assert {"Prov.1.2", "John.1.2", "John.1.3"} == {hit.osis for hit in find(lamps, "lamps burning").hits}
    assert {"Ps.1.1", "Ps.1.2"} == set(with_accent)
    assert with_accent == without


def test_search_filters_by_testament_and_book(lamps: Database) -> None:
    in_new_testament = find(lamps, "lamp", testament=canon.Testament.NEW).hits

    assert {"John.1.2", "John.1.3"} == {hit.osis for hit in in_new_testament}
    assert ["Prov.1.2"] == [hit.osis for hit in find(lamps, "lamp", book="proverbs").hits]


def test_pages_have_no_gaps_and_no_duplicates(lamps: Database) -> None:
    all_results = find(lamps, "shepherd", limit=50)
    pages, cursor = [], None
    for _ in range(5):
        page = find(lamps, "shepherd", limit=10, cursor=cursor)
        pages += [hit.verse_id for hit in page.hits]
        cursor = page.next_cursor

    assert SHEPHERDS + 1 == len(set(pages))
    assert [hit.verse_id for hit in all_results.hits] == pages


def test_keyword_results_can_be_paged_to_the_end(lamps: Database) -> None:
    cursor, sizes = None, []
    while True:
        page = find(lamps, "shepherd*", limit=20, cursor=cursor)
        sizes.append(len(page.hits))
        cursor = page.next_cursor
        if cursor is None:
            break

    # The 45 psalm verses, the shepherdess and the shepherd of John.
    assert [20, 20, 7] == sizes


def test_a_query_that_only_excludes_words_is_refused(lamps: Database) -> None:
    with pytest.raises(QueryRefused, match="only excludes"):
        find(lamps, "NOT hope")


def test_a_reference_comes_first(lamps: Database) -> None:
    hit = find(lamps, "John 1:3", mode=Mode.HYBRID).hits[0]

    assert ("John.1.3", True) == (hit.osis, hit.why.reference)


def test_without_vectors_hybrid_search_says_so_and_semantic_search_is_unavailable(lamps: Database) -> None:
    assert "by words only" in (find(lamps, "anger", mode=Mode.HYBRID).notice or "")
    with pytest.raises(MeaningUnavailable, match="being prepared"):
        find(lamps, "anger", mode=Mode.SEMANTIC)


@pytest.mark.parametrize(("query", "limit"), [("", 20), ("  !?", 20), ("x" * 10_000, 20), ("love", 101), ("love", 0)])
def test_invalid_queries_are_refused_with_a_remedy(lamps: Database, query: str, limit: int) -> None:
    with pytest.raises(QueryRefused) as raised:
        find(lamps, query, limit=limit)

    assert raised.value.remedy


@pytest.mark.parametrize("cursor", ["zzz", "e30", "é", "eyJvZmZzZXQiOi01fQ", "eyJvZmZzZXQiOjk5OTk5OX0"])
def test_an_invalid_cursor_is_refused(lamps: Database, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        find(lamps, "love", cursor=cursor)


def test_an_unknown_book_suggests_a_similar_name(lamps: Database) -> None:
    with pytest.raises(NotFound, match="Did you mean Psalms"):
        find(lamps, "love", book="Psalsm")
