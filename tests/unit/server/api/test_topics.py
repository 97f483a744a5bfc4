"""Topics, and the verses that use a word of the original languages, as JSON."""

import pytest
from fakes.small_site import Site, api_routes, assert_refused, read

from server.api.topics import CitedView, CitingTopics, SeeAlso, TopicList, TopicPage, TopicsController, Uses

ROUTES = [api_routes(TopicsController)]
TOPICS, CITING, USES = "/api/v1/topics", "/api/v1/topics/citing", "/api/v1/lexicon/H5216/uses"


def topics(site: Site, **query: str | int) -> TopicList:
    return read(site.guest.get(TOPICS, **query), TopicList)


def headwords(site: Site, **query: str | int) -> list[str]:
    return [topic.headword for topic in topics(site, **query).topics]


def topic_id(site: Site, headword: str) -> int:
    return next(topic.id for topic in topics(site).topics if topic.headword == headword)


def test_topics_of_all_dictionaries_are_listed_by_headword(site: Site) -> None:
    listed = topics(site)

    assert [
        ("EVENING", "InventedTopics", 1),
        ("LAMP", "InventedTopics", 1),
        ("LAMPS AND OIL", "MoreTopics", 1),
        ("NIGHT", "MoreTopics", 0),
    ] == [(topic.headword, topic.dictionary, topic.citations) for topic in listed.topics]
    assert listed.next_after is None


@pytest.mark.parametrize(
    ("prefix", "expected"), [("la", ["LAMP", "LAMPS AND OIL"]), ("LAMP", ["LAMP", "LAMPS AND OIL"]), ("_", [])]
)
def test_a_list_is_narrowed_by_the_start_of_the_headword(site: Site, prefix: str, expected: list[str]) -> None:
    assert expected == headwords(site, prefix=prefix)


def test_a_page_of_topics_continues_after_the_last_one(site: Site) -> None:
    first = topics(site, limit=3)

    assert ["EVENING", "LAMP", "LAMPS AND OIL"] == [topic.headword for topic in first.topics]
    assert ["NIGHT"] == headwords(site, limit=3, after=int(first.next_after or 0))


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"after": -1}, {"after": "LAMP"}])
def test_wrong_values_of_a_page_of_topics_are_named(site: Site, query: dict[str, str | int]) -> None:
    assert_refused(site.guest.get(TOPICS, **query), 400, next(iter(query)))


def test_a_library_without_dictionaries_has_no_topics(empty_site: Site) -> None:
    assert TopicList(topics=[], next_after=None) == topics(empty_site)


def test_a_topic_has_citations_and_other_topics(site: Site) -> None:
    page = read(site.guest.get(f"{TOPICS}/{topic_id(site, 'LAMPS AND OIL')}"), TopicPage)

    assert [CitedView(heading="", reference="Genesis 1:4–5", osis="Gen.1.4-Gen.1.5")] == page.cites
    assert [SeeAlso(headword="LAMP", id=topic_id(site, "LAMP")), SeeAlso(headword="WICK", id=None)] == page.see_also
    assert ("LAMPS AND OIL", None) == (page.topic.headword, page.next_after)


def test_a_topic_without_citations_is_empty(site: Site) -> None:
    page = read(site.guest.get(f"{TOPICS}/{topic_id(site, 'NIGHT')}"), TopicPage)

    assert ([], [], None) == (page.cites, page.see_also, page.next_after)


def test_a_page_after_the_last_citation_is_empty(site: Site) -> None:
    page = read(site.guest.get(f"{TOPICS}/{topic_id(site, 'LAMP')}", after=1, limit=1), TopicPage)

    assert ([], None) == (page.cites, page.next_after)


def test_an_unknown_topic_is_not_found(site: Site) -> None:
    assert_refused(site.guest.get(f"{TOPICS}/7777"), 404, "There is no topic 7777.")


def test_a_passage_is_cited_by_the_smallest_topics_first(site: Site) -> None:
    answer = read(site.guest.get(CITING, ref="Gen 1:2"), CitingTopics)

    assert ("Genesis 1:2", None) == (answer.reference, answer.next_after)
    assert [("EVENING", "Of oil", "Genesis 1:2", 1), ("LAMP", "Of oil", "Genesis 1:1–3", 1)] == [
        (citing.topic, citing.heading, citing.reference, citing.size) for citing in answer.topics
    ]


@pytest.mark.parametrize("ref", ["Gen 1", "Genesis 1-50"])
def test_the_topics_of_a_long_passage_come_in_pages(site: Site, ref: str) -> None:
    first = read(site.guest.get(CITING, ref=ref, limit=2), CitingTopics)
    last = read(site.guest.get(CITING, ref=ref, limit=2, after=int(first.next_after or 0)), CitingTopics)

    assert ["EVENING", "LAMP"] == [citing.topic for citing in first.topics]
    assert (["LAMPS AND OIL"], None) == ([citing.topic for citing in last.topics], last.next_after)


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [({}, 400, "ref"), ({"ref": "lamp"}, 404, "No book"), ({"ref": "Gen 1", "limit": 501}, 400, "limit")],
)
def test_the_cited_passage_must_exist(site: Site, query: dict[str, str | int], status: int, part: str) -> None:
    assert_refused(site.guest.get(CITING, **query), status, part)


def test_the_uses_of_a_word_have_the_text_of_a_translation(site: Site) -> None:
    uses = read(site.guest.get(USES, translation="Second"), Uses)

    assert ("H5216", "נֵר", "Second", 2) == (uses.strongs, uses.lemma, uses.translation, uses.verses)
    assert [
        ("Genesis 1:1", "Gen.1.1", 1, "A second lamp is lit."),
        ("Genesis 1:2", "Gen.1.2", 1, "Its lamp shines."),
    ] == [(use.reference, use.osis, use.count, use.text) for use in uses.uses]


def test_the_uses_of_a_word_come_in_pages(site: Site) -> None:
    first = read(site.guest.get(USES, limit=1), Uses)
    last = read(site.guest.get(USES, limit=1, after=int(first.next_after or 0)), Uses)

    assert (["Gen.1.1"], 1_001_001) == ([use.osis for use in first.uses], first.next_after)
    assert (["Gen.1.2"], None) == ([use.osis for use in last.uses], last.next_after)


def test_a_strongs_number_may_have_leading_zeros_and_a_small_letter(site: Site) -> None:
    assert "H5216" == read(site.guest.get("/api/v1/lexicon/h05216/uses"), Uses).strongs


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/v1/lexicon/H1/uses", "No dictionary has the Strong's number 'H1'."),
        ("/api/v1/lexicon/lamp/uses", "Use a number such as G3439"),
        (f"{USES}?translation=Third", "There is no translation 'Third'."),
    ],
)
def test_an_unknown_word_or_translation_is_not_found(site: Site, path: str, part: str) -> None:
    assert_refused(site.guest.get(path), 404, part)


def test_without_a_graph_the_uses_of_a_word_are_unknown_for_now(site: Site) -> None:
    with site.without_graph():
        assert_refused(site.guest.get(USES), 503, "The graph has not been built yet.")


@pytest.mark.parametrize("path", [TOPICS, f"{CITING}?ref=Gen+1", USES])
def test_guests_of_a_closed_site_see_no_topics(site: Site, path: str) -> None:
    site.close_to_guests()

    assert_refused(site.guest.get(path), 401, "Sign in to continue.")
