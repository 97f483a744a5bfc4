"""Related passages and graph queries as JSON. Queries that run need a process of their own; other tests run them."""

from typing import Any

import pytest
from fakes.small_site import Site, api_routes, assert_refused, read

from appliance.scripture.graph.related import Reason, ReasonKind
from server.api.graph import GraphController, RelatedList

ROUTES = [api_routes(GraphController)]
RELATED, QUERY, SEARCH = "/api/v1/related", "/api/v1/graph/query", "/api/v1/graph/search"


def test_a_cross_reference_is_the_strongest_reason(site: Site) -> None:
    answer = read(site.guest.get(RELATED, ref="Gen 1:1"), RelatedList)
    best = answer.related[0]

    assert ("Genesis 1:1", "Gen.1.1", "Invented") == (answer.reference, answer.osis, answer.translation)
    assert ("Genesis 2:3", "Lamp 3 of evening 2 is lit.") == (best.reference, best.text)
    assert (Reason(ReasonKind.CROSS_REFERENCE, 40),) == best.reasons


def test_passages_share_topics_and_words(site: Site) -> None:
    answer = read(site.guest.get(RELATED, ref="Gen 1:1"), RelatedList)
    reasons = {passage.osis: {reason.kind: reason.names for reason in passage.reasons} for passage in answer.related}

    assert {"Gen.2.3", "Gen.1.2", "Gen.1.3"} == reasons.keys()
    assert {ReasonKind.TOPIC: ("LAMP",), ReasonKind.WORD: ("H5216",)} == reasons["Gen.1.2"]
    assert {ReasonKind.TOPIC: ("LAMP",)} == reasons["Gen.1.3"]


def test_only_the_first_verse_of_a_range_counts(site: Site) -> None:
    answer = read(site.guest.get(RELATED, ref="Gen 1:3-5"), RelatedList)

    assert "Genesis 1:3" == answer.reference
    assert ["Gen.1.1", "Gen.1.2"] == [passage.osis for passage in answer.related]


def test_passages_that_the_translation_does_not_have_are_left_out(site: Site) -> None:
    answer = read(site.guest.get(RELATED, ref="Gen 1:1", translation="Second"), RelatedList)

    assert ["Its lamp shines.", "It is <seen>."] == [passage.text for passage in answer.related]


def test_the_number_of_passages_is_limited(site: Site) -> None:
    assert 1 == len(read(site.guest.get(RELATED, ref="Gen 1:1", limit=1), RelatedList).related)


def test_a_verse_without_relations_has_an_empty_list(site: Site) -> None:
    assert [] == read(site.guest.get(RELATED, ref="Gen 1:20"), RelatedList).related


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({}, 400, "ref"),
        ({"ref": "lamp"}, 404, "No book is called “lamp”."),
        ({"ref": "Gen 1:1", "limit": 101}, 400, "limit"),
        ({"ref": "Gen 1:1", "limit": 0}, 400, "limit"),
        ({"ref": "Gen 1:1", "translation": "Third"}, 404, "There is no translation 'Third'."),
    ],
)
def test_a_wrong_reference_limit_or_translation_is_named(
    site: Site, query: dict[str, str | int], status: int, part: str
) -> None:
    assert_refused(site.guest.get(RELATED, **query), status, part)


def test_before_the_graph_is_built_the_caller_may_try_again_later(site: Site) -> None:
    member = site.member()
    with site.without_graph():
        answers = [
            site.guest.get(RELATED, ref="Gen 1:1"),
            member.post(QUERY, {"query": "MATCH (v:Verse) RETURN v.id"}),
            member.post(SEARCH, {"query": "MATCH (v:Verse) RETURN v.id AS verse_id"}),
        ]

    for answer in answers:
        assert_refused(answer, 503, "The graph has not been built yet. Run `lampstand graph build`.")
        assert "10" == answer.headers["retry-after"]


@pytest.mark.parametrize("path", [QUERY, SEARCH])
@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"query": "MATCH (v:Verse) DELETE v"}, "DELETE is not allowed: the graph is read-only."),
        ({"query": "MATCH (v:Verse {id: $verse}) RETURN v.id"}, "The query and its values do not match: $verse."),
        ({"query": "MATCH (v:Verse) RETURN v.id", "parameters": {"verse": 1}}, "$verse"),
        ({"query": "x" * 10_001}, "at most 10,000 characters"),
        ({"query": 7}, "query"),
        ({"query": "MATCH (v:Verse) RETURN v.id", "parameters": []}, "parameters"),
        ({}, "query"),
        (None, "The request body must be a JSON object."),
    ],
)
def test_only_queries_that_read_and_have_their_values_are_run(site: Site, path: str, body: Any, part: str) -> None:
    assert_refused(site.member().post(path, body), 400, part)


@pytest.mark.parametrize("limit", [0, 201])
def test_a_search_returns_1_to_200_verses(site: Site, limit: int) -> None:
    body = {"query": "MATCH (v:Verse) RETURN v.id AS verse_id", "limit": limit}

    assert_refused(site.member().post(SEARCH, body), 400, "limit")


@pytest.mark.parametrize("path", [QUERY, SEARCH])
def test_guests_see_related_passages_but_cannot_query_the_graph(site: Site, path: str) -> None:
    assert 200 == site.guest.get(RELATED, ref="Gen 1:1").status_code
    assert_refused(site.guest.post(path, {"query": "MATCH (v:Verse) RETURN v.id"}), 401, "Sign in to continue.")
