"""The reading pages: choose a book and a chapter, and read it in one or two translations."""

import pytest
from fakes.html_page import Page, assert_redirected
from fakes.small_site import Site

from server.pages.read import ReadPagesController

ROUTES = [ReadPagesController]


def test_the_books_of_a_translation_are_listed_by_testament(site: Site) -> None:
    page = Page(site.guest.open("/read"))

    assert ("Choose a book", ["Old Testament"]) == (page.title, page.sections)
    assert "/read?translation=Invented&book=Gen" == page.links["Genesis"]
    assert ["Invented"] == page.selected("translation")


def test_a_chosen_book_lists_the_chapters_of_the_translation(site: Site) -> None:
    whole = Page(site.guest.open("/read", book="genesis"))
    second = Page(site.guest.open("/read", book="Gen", translation="second"))

    assert ("Genesis", "/read/Invented/Gen/2") == (whole.title, whole.links["2"])
    assert ("/read/Second/Gen/1", False) == (second.links["1"], "2" in second.links)
    assert "/read?translation=Second" == second.links["All books"]


@pytest.mark.parametrize(
    ("query", "part"),
    [({"book": "Jhon"}, "Did you mean John?"), ({"translation": "Third"}, "There is no translation 'Third'.")],
)
def test_an_unknown_book_or_translation_is_an_error_page(site: Site, query: dict[str, str], part: str) -> None:
    assert part in Page(site.guest.open("/read", **query), 404).text


def test_an_empty_library_has_nothing_to_read(empty_site: Site) -> None:
    assert "The library has no translation yet." in Page(empty_site.guest.open("/read"), 404).text


def test_a_chapter_shows_its_verses_with_numbers(site: Site) -> None:
    page = Page(site.guest.open("/read/Invented/Gen/2"))

    assert "Genesis 2" == page.title
    assert "5Lamp 5 of evening 2 is lit. 6Lamp 6 of evening 2 is lit." in page.text
    assert "#v6" == page.links["6"]


def test_a_chapter_links_to_its_neighbours(site: Site) -> None:
    first, last = (Page(site.guest.open(f"/read/Invented/Gen/{chapter}")) for chapter in (1, 2))

    assert ("/read/Invented/Gen/2", False) == (first.links["Genesis 2 ›"], any("‹" in text for text in first.links))
    assert ("/read/Invented/Gen/1", False) == (last.links["‹ Genesis 1"], any("›" in text for text in last.links))


def test_notes_are_at_the_end_of_the_chapter(site: Site) -> None:
    page = Page(site.guest.open("/read/Second/Gen/1"))

    assert "The first evening1A second lampa is lit." in page.text
    assert page.sections == ["Footnotes"]
    assert "a 1:1 Or: light" in page.text


def test_the_licence_of_the_translation_is_shown(site: Site) -> None:
    assert "Second by hand · Public Domain · Sources" in Page(site.guest.open("/read/Second/Gen/1")).text


def test_the_text_of_a_verse_is_escaped(site: Site) -> None:
    response = site.guest.open("/read/Second/Gen/1")

    assert "It is &lt;seen&gt;." in response.text
    assert "It is <seen>." in Page(response).text


def test_two_translations_are_shown_verse_by_verse(site: Site) -> None:
    page = Page(site.guest.open("/read/Invented/Gen/1", **{"with": "Second"}))

    assert "Invented Second by hand The first evening 1Lamp 1 of evening 1 is lit. 1A second lampa is lit." in page.text
    assert "4Lamp 4 of evening 1 is lit. 4—" in page.text, "Second has no fourth verse."
    assert "/read/Invented/Gen/2?with=Second" == page.links["Genesis 2 ›"]
    assert ["Invented", "Second"] == [*page.selected("text"), *page.selected("with")]


def test_a_translation_is_not_compared_with_itself(site: Site) -> None:
    for same in ("Invented", "invented"):
        page = Page(site.guest.open("/read/Invented/Gen/2", **{"with": same}))

        assert 1 == page.text.count("Lamp 1 of evening 2 is lit.")
        assert "/read/Invented/Gen/1" == page.links["‹ Genesis 1"]


def test_the_form_leads_to_the_address_of_the_chosen_translation(site: Site) -> None:
    alone = site.guest.open("/read/Invented/Gen/1", text="Second")
    compared = site.guest.open("/read/Invented/Gen/1", **{"text": "Second", "with": "Invented"})
    same = site.guest.open("/read/Invented/Gen/1", **{"text": "Second", "with": "Second"})

    assert_redirected(alone, "/read/Second/Gen/1")
    assert_redirected(compared, "/read/Second/Gen/1?with=Invented")
    assert_redirected(same, "/read/Second/Gen/1")


def test_names_in_the_address_are_quoted(site: Site) -> None:
    assert_redirected(site.guest.open("/read/Invented/1 Sam/1", text="Lámpara"), "/read/L%C3%A1mpara/1%20Sam/1")


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/read/Invented/Gen/3", 404, "It has chapters 1 to 2."),
        ("/read/Invented/Exod/1", 404, "Another translation may have this book."),
        ("/read/Invented/Gen/one", 400, "Use a whole number from 1."),
        ("/read/Third/Gen/1", 404, "There is no translation 'Third'."),
        ("/read/Invented/Gen/1?with=Third", 404, "There is no translation 'Third'."),
    ],
)
def test_a_missing_chapter_is_an_error_page(site: Site, path: str, status: int, part: str) -> None:
    assert part in Page(site.guest.open(path), status).text


def test_guests_of_a_closed_site_are_sent_to_the_sign_in_page_and_back(site: Site) -> None:
    site.close_to_guests()

    assert_redirected(site.guest.open("/read/Invented/Gen/1"), "/sign-in?next_page=/read/Invented/Gen/1")
    assert 200 == site.browser(site.add_person()).open("/read").status_code
