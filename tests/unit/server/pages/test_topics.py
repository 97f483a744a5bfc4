"""The pages of topics, original words, people and places."""

import pytest
from fakes.html_page import Page, assert_redirected
from fakes.library_items import put_item
from fakes.small_library import verse_id
from fakes.small_site import Site

from appliance.scripture.dictionaries import queries
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from server.pages.topics import MAX_CITATIONS, PAGE_SIZE, TopicPagesController

ROUTES = [TopicPagesController]


def topic_id(site: Site, headword: str) -> int:
    return queries.topic_named(site.appliance.library, headword).id


def topics(site: Site, **query: str | int) -> Page:
    return Page(site.guest.open("/topics", **query))


def test_all_topics_are_listed_with_their_number_of_passages(site: Site) -> None:
    page = topics(site)

    assert ["Evening 1", "Lamp 1", "Lamps And Oil 1", "Night 0"] == page.items("grid")
    assert f"/topic/{topic_id(site, 'NIGHT')}" == page.links["Night 0"]


def test_a_letter_lists_topics_people_and_places(site: Site) -> None:
    page = topics(site, prefix="l")

    assert ["Lamp 1", "Lamps And Oil 1", "Lighting event"] == page.items("grid")
    assert "/entity/lighting_1" == page.links["Lighting event"]


def test_people_are_listed_without_topics(site: Site) -> None:
    page = topics(site, prefix="Mir")

    assert ["Miriam person"] == page.items("grid")
    assert "No topic starts with" not in page.text


def test_a_beginning_without_topics_offers_a_search(site: Site) -> None:
    page = topics(site, prefix="zeal & fire")

    assert "No topic starts with “zeal & fire”." in page.text
    assert "/search?q=zeal%20%26%20fire" == page.links["Search the Bible instead"]


def test_without_a_dictionary_the_page_says_how_to_add_one(empty_site: Site) -> None:
    assert "No topical dictionary is installed. To add one, run lampstand library import." in topics(empty_site).text


def many_topics(number: int) -> list[Topic]:
    return [
        Topic(position=position, headword=f"A {position:03}", citations=(), see_also=()) for position in range(number)
    ]


def test_a_long_list_continues_on_another_page(writable_site: Site) -> None:
    put_item(writable_site.appliance.library, TOPICS, "Many", many_topics(PAGE_SIZE + 1))
    first = topics(writable_site, prefix="A")
    last = Page(writable_site.guest.open(first.links["More topics"]))

    assert (PAGE_SIZE, ["A 060 0"]) == (len(first.items("grid")), last.items("grid"))
    assert "More topics" not in last.links


@pytest.mark.parametrize("after", [-1, "LAMP"])
def test_a_page_begins_after_a_number(site: Site, after: str | int) -> None:
    assert "after" in Page(site.guest.open("/topics", after=after), 400).text


def test_a_topic_lists_its_passages_by_heading(site: Site) -> None:
    page = Page(site.guest.open(f"/topic/{topic_id(site, 'LAMP')}"))

    assert ("Lamp", ["Of oil"]) == (page.title, page.sections)
    assert "/read/Invented/Gen/1" == page.links["Genesis 1:1–3"]
    assert "/topics?prefix=L" == page.links["Other topics"]
    assert "InventedTopics · Sources" in page.text


def test_passages_without_a_heading_are_general(site: Site) -> None:
    page = Page(site.guest.open(f"/topic/{topic_id(site, 'LAMPS AND OIL')}"))

    assert ["General"] == page.sections
    assert "/read/Invented/Gen/1#v4" == page.links["Genesis 1:4–5"]


def test_a_topic_links_to_other_topics_that_exist(site: Site) -> None:
    page = Page(site.guest.open(f"/topic/{topic_id(site, 'LAMPS AND OIL')}"))

    assert "See also Lamp, Wick." in page.text
    assert f"/topic/{topic_id(site, 'LAMP')}" == page.links["Lamp"]
    assert "Wick" not in page.links


def test_a_topic_without_passages_says_so(site: Site) -> None:
    assert "This topic has no passages." in Page(site.guest.open(f"/topic/{topic_id(site, 'NIGHT')}")).text


def test_a_very_long_topic_is_cut_and_says_so(writable_site: Site) -> None:
    citations = (Citation("Of oil", verse_id(1, 1), verse_id(1, 1)),) * (MAX_CITATIONS + 1)
    topic = Topic(position=0, headword="LONG", citations=citations, see_also=())
    put_item(writable_site.appliance.library, TOPICS, "Long", [topic])
    page = Page(writable_site.guest.open(f"/topic/{topic_id(writable_site, 'LONG')}"))

    assert MAX_CITATIONS == len(page.items("places"))
    assert "These are the first of 401 passages." in page.text


def test_a_headword_leads_to_its_topic(site: Site) -> None:
    assert_redirected(site.guest.open("/topic/lamps and oil"), f"/topic/{topic_id(site, 'LAMPS AND OIL')}")


@pytest.mark.parametrize("path", ["/topic/WICK", "/topic/7777", f"/topic/{'9' * 40}"])
def test_an_unknown_topic_is_an_error_page(site: Site, path: str) -> None:
    assert "There is no topic" in Page(site.guest.open(path), 404).text


def test_a_word_shows_its_meaning_and_its_verses(site: Site) -> None:
    page = Page(site.guest.open("/word/H5216", translation="Second"))

    assert ("נֵר H5216", ["Used in 2 verses"]) == (page.title, page.sections)
    assert "ner · nare A lamp that burns oil" in page.text
    assert ["Genesis 1:1 A second lamp is lit.", "Genesis 1:2 Its lamp shines."] == page.items("hits")
    assert ["Second"] == page.selected("translation")


def test_the_translated_word_is_marked(site: Site) -> None:
    html = site.guest.open("/word/h05216", translation="Second").text

    assert "Its <mark>lamp</mark> shines." in html


def test_without_a_graph_a_word_shows_its_meaning_and_a_notice(site: Site) -> None:
    with site.without_graph():
        page = Page(site.guest.open("/word/H5216"))

    assert "A lamp that burns oil" in page.text
    assert "The graph has not been built yet. Run `lampstand graph build`." in page.text
    assert [] == page.sections


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/word/H1", "No dictionary has the Strong's number 'H1'."),
        ("/word/H5216?translation=Third", "There is no translation 'Third'."),
        ("/entity/moses_1", "There is no person, place or event 'moses_1'."),
    ],
)
def test_an_unknown_word_translation_or_person_is_an_error_page(site: Site, path: str, part: str) -> None:
    assert part in Page(site.guest.open(path), 404).text


def test_a_person_has_names_a_year_and_verses(site: Site) -> None:
    page = Page(site.guest.open("/entity/miriam_1"))

    assert "Miriam Person · 1500 BC · also called Mary She keeps the lamp." in page.text
    assert ["Mentioned in 3 verses"] == page.sections
    assert "Genesis 2:1 Lamp 1 of evening 2 is lit." == page.items("hits")[2]
    assert "/read/Invented/Gen/1#v2" == page.links["Genesis 1:2"]


def test_a_place_has_its_position(site: Site) -> None:
    page = Page(site.guest.open("/entity/hill_1"))

    assert "Hill Place · 31.500° N, 35.250° W" in page.text
    assert ["Mentioned in 1 verse"] == page.sections


def test_an_event_links_to_its_people_and_places(site: Site) -> None:
    page = Page(site.guest.open("/entity/lighting_1"))

    assert "People and places: Miriam, Hill." in page.text
    assert ("/entity/miriam_1", "/entity/hill_1") == (page.links["Miriam"], page.links["Hill"])


@pytest.mark.parametrize("path", ["/topics", "/topic/LAMP", "/word/H5216", "/entity/hill_1"])
def test_guests_of_a_closed_site_are_sent_to_the_sign_in_page(site: Site, path: str) -> None:
    site.close_to_guests()

    assert_redirected(site.guest.open(path), f"/sign-in?next_page={path}")
