"""The search page."""

import pytest
from fakes.html_page import Page, assert_redirected
from fakes.small_site import Site

from server.pages.search import PAGE_SIZE, SearchPagesController

ROUTES = [SearchPagesController]


def search(site: Site, q: str, **query: str) -> Page:
    return Page(site.guest.open("/search", q=q, **query))


@pytest.mark.parametrize("q", ["", "   "])
def test_without_a_query_the_page_explains_how_to_search(site: Site, q: str) -> None:
    page = search(site, q)

    assert "Type in the search field at the top." in page.text
    assert [] == page.items("hits")


def test_a_reference_opens_the_chapter_at_its_verse(site: Site) -> None:
    assert_redirected(site.guest.open("/search", q="genesis 2:3-5"), "/read/Invented/Gen/2#v3")
    assert_redirected(site.guest.open("/search", q="gen 1", translation="second"), "/read/Second/Gen/1")


@pytest.mark.parametrize("mode", ["keyword", "semantic"])
def test_other_modes_search_for_the_words_of_a_reference(site: Site, mode: str) -> None:
    assert "Results for “gen 1”" == search(site, "gen 1", mode=mode).title


def test_a_hit_shows_the_verse_and_why_it_was_found(site: Site) -> None:
    page = search(site, "shines", mode="keyword", translation="Second")

    assert ["Genesis 1:2 Its lamp shines. words Related passages"] == page.items("hits")
    assert "/read/Second/Gen/1#v2" == page.links["Genesis 1:2"]
    assert "/verse/Second/Gen.1.2" == page.links["Related passages"]


def test_the_words_of_the_query_are_marked_and_the_text_is_escaped(site: Site) -> None:
    html = site.guest.open("/search", q="seen", mode="keyword", translation="Second").text

    assert "It is &lt;<mark>seen</mark>&gt;." in html


def test_a_long_list_continues_on_another_page(site: Site) -> None:
    first = search(site, "lamp", mode="keyword")
    more = first.links["More results"]
    last = Page(site.guest.open(more))

    assert (PAGE_SIZE, 31 - PAGE_SIZE) == (len(first.items("hits")), len(last.items("hits")))
    assert more.startswith("/search?q=lamp&mode=keyword&translation=Invented&cursor=")
    assert "More results" not in last.links


def test_the_links_between_modes_keep_the_query_and_the_filters(site: Site) -> None:
    page = search(site, "lamp", mode="keyword", book="Gen")

    assert "/search?q=lamp&mode=semantic&translation=Invented&book=Gen" == page.links["Similar meaning"]


def test_without_hits_the_page_suggests_a_wider_search(site: Site) -> None:
    everywhere, narrowed = search(site, "oil", mode="keyword"), search(site, "lamp", mode="keyword", book="Exod")

    assert "No verses found. Try fewer words, or search by meaning too." in everywhere.text
    assert "No verses found. Try fewer words, or search all books, or search by meaning too." in narrowed.text
    assert "/search?q=lamp&mode=keyword&translation=Invented" == narrowed.links["search all books"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [({"testament": "old"}, 20), ({"testament": "new"}, 0), ({"testament": "third"}, 20), ({"range": "Gen 2"}, 6)],
)
def test_filters_narrow_the_search(site: Site, filters: dict[str, str], expected: int) -> None:
    assert expected == len(search(site, "lamp", mode="keyword", **filters).items("hits"))


def test_the_form_shows_the_chosen_filters(site: Site) -> None:
    page = search(site, "lamp", mode="keyword", testament="old", book="Gen", range="Gen 2", translation="Second")

    assert (["old"], ["Second"]) == (page.selected("testament"), page.selected("translation"))
    assert (["Gen"], ["Gen 2"], ["lamp"]) == (page.values("book"), page.values("range"), page.values("q"))


def test_the_name_of_a_book_offers_to_open_it(site: Site) -> None:
    assert "/read?translation=Invented&book=Exod" == search(site, "exodus").links["Open Exodus"]
    assert "Open Exodus" not in search(site, "exodus", mode="keyword").links


def test_a_reference_that_does_not_exist_is_explained(site: Site) -> None:
    assert "Genesis has no chapter 99. It has 50 chapters." in search(site, "gen 99").text


def test_a_question_offers_to_ask_it(site: Site) -> None:
    assert "/ask?q=who%20lit%20it%3F" == search(site, "who lit it?").links["Ask this question"]
    assert "Ask this question" in search(site, "who lit the lamp that evening").links
    assert "Ask this question" not in search(site, "lamp").links


def test_a_notice_says_what_was_not_searched(site: Site) -> None:
    assert "These results are ordered by words and meaning only." in search(site, "lamp").text


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({"q": "NOT lamp"}, 400, "The query only excludes words."),
        ({"q": "lamp", "mode": "guess"}, 400, "must be one of hybrid, keyword, semantic, strongs"),
        ({"q": "lamp", "cursor": "next"}, 400, "The cursor is invalid."),
        ({"q": "lamp", "book": "Jhon"}, 404, "Did you mean John?"),
        ({"q": "H9", "mode": "strongs"}, 404, "No dictionary has the Strong's number 'H9'."),
        ({"translation": "Third"}, 404, "There is no translation 'Third'."),
    ],
)
def test_a_wrong_query_is_an_error_page(site: Site, query: dict[str, str], status: int, part: str) -> None:
    assert part in Page(site.guest.open("/search", **query), status).text


def test_an_empty_library_cannot_be_searched(empty_site: Site) -> None:
    assert "The library has no translation yet." in Page(empty_site.guest.open("/search"), 404).text


def test_guests_of_a_closed_site_are_sent_to_the_sign_in_page_and_back(site: Site) -> None:
    site.close_to_guests()

    assert_redirected(site.guest.open("/search", q="lamp"), "/sign-in?next_page=/search%3Fq%3Dlamp")
