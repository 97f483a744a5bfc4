"""Search and suggestions as JSON."""

import pytest
from fakes.small_library import verse_id
from fakes.small_site import Site, api_routes, assert_refused, read

from appliance.scripture.search.hits import Mode, Results
from appliance.scripture.suggestions import SuggestionKind
from server.api.search import SearchController, SuggestController, Suggestions

ROUTES = [api_routes(SearchController, SuggestController)]
SEARCH, SUGGEST = "/api/v1/search", "/api/v1/suggest"


def search(site: Site, q: str, **query: str | int) -> Results:
    return read(site.guest.get(SEARCH, q=q, **query), Results)


def osis_ids(site: Site, q: str, **query: str | int) -> list[str]:
    return [hit.osis for hit in search(site, q, **query).hits]


def test_words_are_highlighted_in_the_text_of_a_verse(site: Site) -> None:
    results = search(site, "shines", mode="keyword", translation="second")
    (hit,) = results.hits
    (start, end), *_others = hit.highlights

    assert ("shines", Mode.KEYWORD, "Second") == (results.query, results.mode, results.translation)
    assert ("Genesis 1:2", verse_id(1, 2), "shines") == (hit.reference, hit.verse_id, hit.text[start:end])
    assert (1, None) == (hit.why.keyword_rank, hit.why.semantic_rank)


def test_a_sentence_finds_the_verse_with_the_same_meaning(site: Site) -> None:
    best = search(site, "Lamp 7 of evening 1 is lit.", mode="semantic").hits[0]

    assert ("Gen.1.7", 1, 1.0) == (best.osis, best.why.semantic_rank, best.why.similarity)


def test_by_default_words_and_meaning_are_searched(site: Site) -> None:
    results = search(site, "lamp evening")

    assert Mode.HYBRID is results.mode
    assert 20 == len(results.hits)
    assert "ordered by words and meaning only" in str(results.notice)


def test_a_reference_comes_first(site: Site) -> None:
    best = search(site, "gen 2:5").hits[0]

    assert ("Genesis 2:5", True) == (best.reference, best.why.reference)


def test_a_word_of_the_original_is_found_by_its_number(site: Site) -> None:
    results = search(site, "h5216", mode="strongs", translation="Second")

    assert ["Gen.1.1", "Gen.1.2"] == [hit.osis for hit in results.hits]
    assert ["lamp", "lamp"] == [hit.text[slice(*hit.highlights[0])] for hit in results.hits]
    assert "H5216 נֵר (ner)" == results.notice


def test_without_a_graph_a_word_of_the_original_cannot_be_found_now(site: Site) -> None:
    with site.without_graph():
        assert_refused(site.guest.get(SEARCH, q="H5216", mode="strongs"), 503, "The graph has not been built yet.")


def test_an_unknown_word_of_the_original_is_not_found(site: Site) -> None:
    assert_refused(site.guest.get(SEARCH, q="H9", mode="strongs"), 404, "No dictionary has the Strong's number 'H9'.")
    assert_refused(site.guest.get(SEARCH, q="xyz", mode="strongs"), 404, "No dictionary contains the word 'xyz'.")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"book": "Genesis", "limit": 2}, 2),
        ({"range": "Gen 2"}, 6),
        ({"range": "Gen 2:2-4"}, 3),
        ({"testament": "old", "limit": 100}, 31),
        ({"testament": "new"}, 0),
        ({"book": "Exodus"}, 0),
    ],
)
def test_filters_narrow_the_search(site: Site, filters: dict[str, str | int], expected: int) -> None:
    assert expected == len(search(site, "lamp", mode="keyword", **filters).hits)


def test_the_next_page_continues_after_the_last_hit(site: Site) -> None:
    first = search(site, "lamp", mode="keyword", limit=20)
    last = search(site, "lamp", mode="keyword", limit=20, cursor=str(first.next_cursor))

    assert (20, 11, None) == (len(first.hits), len(last.hits), last.next_cursor)
    assert 31 == len({hit.verse_id for hit in (*first.hits, *last.hits)})


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({}, 400, "q"),
        ({"q": "  "}, 400, "The query is empty."),
        ({"q": "..."}, 400, "Enter a word, a phrase or a reference."),
        ({"q": "a" * 1_001}, 400, "Use at most 1,000 characters."),
        ({"q": "NOT lamp"}, 400, "The query only excludes words."),
        ({"q": "lamp", "mode": "guess"}, 400, "mode: must be one of hybrid, keyword, semantic, strongs."),
        ({"q": "lamp", "testament": "first"}, 400, "testament: must be one of old, new, deuterocanon."),
        ({"q": "lamp", "limit": 101}, 400, "limit"),
        ({"q": "lamp", "cursor": "next"}, 400, "The cursor is invalid."),
        ({"q": "lamp", "book": "Jhon"}, 404, "Did you mean John?"),
        ({"q": "lamp", "range": "Gen 99"}, 404, "It has 50 chapters."),
        ({"q": "lamp", "translation": "Third"}, 404, "There is no translation 'Third'."),
    ],
)
def test_a_wrong_query_is_explained(site: Site, query: dict[str, str | int], status: int, part: str) -> None:
    assert_refused(site.guest.get(SEARCH, **query), status, part)


def test_an_empty_library_cannot_be_searched(empty_site: Site) -> None:
    assert_refused(empty_site.guest.get(SEARCH, q="lamp"), 404, "The library has no translation yet.")


def suggestions(site: Site, q: str, **query: int) -> Suggestions:
    return read(site.guest.get(SUGGEST, q=q, **query), Suggestions)


def test_a_typed_book_and_a_typed_passage_are_suggested(empty_site: Site) -> None:
    (book,) = suggestions(empty_site, "Exod").suggestions
    passage = suggestions(empty_site, "ex 2:3").suggestions[0]

    assert (SuggestionKind.PASSAGE, "Exodus", "40 chapters", "Exod") == (
        book.kind,
        book.text,
        book.detail,
        book.target,
    )
    assert ("Exodus 2:3", "Exod.2.3") == (passage.text, passage.target)


def test_the_typed_text_is_returned_unchanged(empty_site: Site) -> None:
    assert Suggestions(typed=" ", suggestions=[]) == suggestions(empty_site, " ")
    assert "x" * 2_000 == suggestions(empty_site, "x" * 2_000).typed


def test_the_number_of_suggestions_is_limited(empty_site: Site) -> None:
    assert (8, 3) == (
        len(suggestions(empty_site, "j").suggestions),
        len(suggestions(empty_site, "j", limit=3).suggestions),
    )


@pytest.mark.parametrize("query", [{}, {"q": "j", "limit": 0}, {"q": "j", "limit": 21}])
def test_suggestions_need_a_text_and_a_limit_of_1_to_20(empty_site: Site, query: dict[str, str | int]) -> None:
    assert_refused(empty_site.guest.get(SUGGEST, **query), 400, "limit" if query else "q")


@pytest.mark.parametrize("path", [SEARCH, SUGGEST])
def test_guests_of_a_closed_site_cannot_search(site: Site, path: str) -> None:
    site.close_to_guests()

    assert_refused(site.guest.get(path, q="lamp"), 401, "Sign in to continue.")
    assert 200 == site.member().get(path, q="lamp").status_code
