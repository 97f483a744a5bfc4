"""The page of a verse: related passages, topics that cite it, people and places, and commentaries."""

import pytest
from fakes.html_page import Page, assert_redirected
from fakes.library_items import put_item
from fakes.small_library import verse_id
from fakes.small_site import Site

from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.graph.related import Reason, ReasonKind
from server.pages.verse import MAX_COMMENTS, VersePagesController, because

ROUTES = [VersePagesController]


def verse(site: Site, reference: str, translation: str = "Invented") -> Page:
    return Page(site.guest.open(f"/verse/{translation}/{reference}"))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason(ReasonKind.CROSS_REFERENCE, 40), "cross-reference"),
        (Reason(ReasonKind.REFERRED_FROM, 1), "cross-reference from that verse"),
        (Reason(ReasonKind.BY_WAY_OF, 1), "1 shared cross-reference"),
        (Reason(ReasonKind.BY_WAY_OF, 3), "3 shared cross-references"),
        (Reason(ReasonKind.TOPIC, 1, ("LAMPS AND OIL",)), "topic Lamps And Oil"),
        (Reason(ReasonKind.TOPIC, 5, ("LAMP", "OIL", "WICK")), "topic Lamp, Oil, Wick and 2 more"),
        (Reason(ReasonKind.WORD, 2, ("H5216", "H1")), "rare word נֵר, H1"),
    ],
)
def test_a_reason_is_described_for_readers(reason: Reason, sentence: str) -> None:
    assert sentence == because(reason, {"H5216": "נֵר"})


def test_the_page_shows_the_verse_in_its_translation(site: Site) -> None:
    page = verse(site, "Gen.1.1", "second")

    assert ("Genesis 1:1", "/read/Second/Gen/1") == (page.title, page.links["Genesis 1:1"])
    assert "A second lamp is lit." in page.text
    assert "Second by hand · Public Domain" in page.text


def test_related_passages_are_listed_with_their_reasons(site: Site) -> None:
    page = verse(site, "Gen.1.1")
    best, *others = page.items("related")

    assert "Genesis 2:3 Lamp 3 of evening 2 is lit. cross-reference" == best
    assert "Genesis 1:2 Lamp 2 of evening 1 is lit. topic Lamp; rare word נֵר" in others
    assert "/read/Invented/Gen/2#v3" == page.links["Genesis 2:3"]


def test_a_picture_shows_the_neighbours_of_the_verse(site: Site) -> None:
    html = site.guest.open("/verse/Invented/Gen.1.1").text

    assert 'aria-label="Verses, topics and words related to Genesis 1:1"' in html
    assert all(f'<a href="{address}">' in html for address in ("/verse/Invented/Gen.2.3", "/topic/LAMP", "/word/H5216"))


def test_a_verse_without_relations_says_how_to_add_some(site: Site) -> None:
    page = verse(site, "Gen.1.20")

    assert "No related passages found. To add cross-references or a topical dictionary" in page.text
    assert ["Related passages"] == page.sections


def test_without_a_graph_a_notice_replaces_the_related_passages(site: Site) -> None:
    with site.without_graph():
        page = verse(site, "Gen.1.1")

    assert "The graph has not been built yet. Run `lampstand graph build`." in page.text
    assert [] == page.items("related")
    assert "Miriam" in page.links, "The other parts do not need the graph."


def test_related_passages_that_the_translation_lacks_are_left_out(site: Site) -> None:
    related = verse(site, "Gen.1.1", "Second").items("related")

    assert 2 == len(related)
    assert not any("Genesis 2:3" in passage for passage in related)


def test_people_places_and_topics_of_the_verse_are_linked(site: Site) -> None:
    page = verse(site, "Gen.1.1")

    assert ["Related passages", "People, places and events", "Topics", "Commentaries"] == page.sections
    assert ["Lightingevent, in 1 verse", "Miriamperson, in 3 verses", "Hillplace, in 1 verse"] == [
        item.replace(" event", "event").replace(" person", "person").replace(" place", "place")
        for item in page.items("topics")[:3]
    ]
    assert ("/entity/miriam_1", "/topic/LAMP") == (page.links["Miriam"], page.links["Lamp"])


def test_comments_are_shown_with_their_commentary(site: Site) -> None:
    assert "Notes by hand on Genesis 1:1 Who lit it? Nobody says." in verse(site, "Gen.1.1").text
    assert "Commentaries" not in verse(site, "Gen.1.2").sections


def test_many_comments_are_cut_and_the_page_says_so(writable_site: Site) -> None:
    comments = [Comment(verse_id(1, 2), verse_id(1, 2), (f"Comment {number}.",)) for number in range(MAX_COMMENTS + 1)]
    put_item(writable_site.appliance.library, COMMENTARY, "Many", comments)
    text = verse(writable_site, "Gen.1.2").text

    assert MAX_COMMENTS == text.count("Many by hand on Genesis 1:2")
    assert "These are the first comments." in text


def test_a_range_shows_its_first_verse(site: Site) -> None:
    page = verse(site, "Gen 1:3-5")

    assert ("Genesis 1:3", True) == (page.title, "Lamp 3 of evening 1 is lit." in page.text)


def test_a_verse_that_the_translation_lacks_has_no_text(site: Site) -> None:
    page = verse(site, "Gen.1.20", "Second")

    assert "Genesis 1:20" == page.title
    assert "is lit." not in page.text


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/verse/Third/Gen.1.1", 404, "There is no translation 'Third'."),
        ("/verse/Invented/Lamps 1", 404, "No book is called “Lamps”."),
        ("/verse/Invented/Gen.99", 404, "It has 50 chapters."),
        ("/verse/Invented/12", 400, "is not a reference."),
    ],
)
def test_an_unknown_verse_is_an_error_page(site: Site, path: str, status: int, part: str) -> None:
    assert part in Page(site.guest.open(path), status).text


def test_guests_of_a_closed_site_are_sent_to_the_sign_in_page(site: Site) -> None:
    site.close_to_guests()

    assert_redirected(site.guest.open("/verse/Invented/Gen.1.1"), "/sign-in?next_page=/verse/Invented/Gen.1.1")
