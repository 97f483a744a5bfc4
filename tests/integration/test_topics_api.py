"""Study data in the API and on pages: the graph, topics, words, people and places."""

import re
from pathlib import Path

import httpx
import pytest
from fakes.serving import Served


def get(served: Served, path: str, **params: str | int) -> httpx.Response:
    return served.http.get(f"/api/v1/{path}", params=params)


def test_the_page_of_a_verse_shows_related_passages(served: Served) -> None:
    page = served.http.get("/verse/WEB/John.3.16", headers={"Accept": "text/html"})

    assert 200 == page.status_code
    assert "For God so loved the world" in page.text
    assert "Related passages" in page.text
    assert 404 == served.http.get("/verse/WEB/John.3.99", headers={"Accept": "text/html"}).status_code


def test_related_passages_have_reasons(served: Served) -> None:
    answer = get(served, "related", ref="John 3:16", limit=50, translation="KJV").json()
    first = answer["related"][0]

    assert ("John 3:16", "KJV", 50) == (answer["reference"], answer["translation"], len(answer["related"]))
    assert {"osis", "reference", "text", "score", "reasons"} <= first.keys()
    assert {"kind", "count", "names"} == first["reasons"][0].keys()
    assert "topic" in [reason["kind"] for reason in first["reasons"]]
    assert "SALVATION" in [
        name for passage in answer["related"] for reason in passage["reasons"] for name in reason["names"]
    ]


def test_the_graph_answers_cypher_queries(served: Served) -> None:
    query = "MATCH (:Lemma {strongs: $number})<-[:USES]-(v:Verse) RETURN v.osis ORDER BY v.id LIMIT 2"
    answer = served.http.post("/api/v1/graph/query", json={"query": query, "parameters": {"number": "G3439"}})
    refused = served.http.post("/api/v1/graph/query", json={"query": "MATCH (v:Verse) DELETE v"})

    assert {"columns": ["v.osis"], "rows": [["Luke.7.12"], ["Luke.8.42"]], "truncated": False} == answer.json()
    assert (400, True) == (refused.status_code, "read-only" in refused.json()["detail"])


def test_the_verses_of_a_word_come_in_pages(served: Served) -> None:
    first = get(served, "lexicon/g3439/uses", limit=5).json()
    second = get(served, "lexicon/G3439/uses", limit=5, after=first["next_after"]).json()

    assert ("G3439", "μονογενής", 9) == (first["strongs"], first["lemma"], first["verses"])
    assert ["Luke.7.12", "Luke.8.42", "Luke.9.38", "John.1.14", "John.1.18"] == [use["osis"] for use in first["uses"]]
    assert ("1John.4.9", None) == (second["uses"][-1]["osis"], second["next_after"])
    assert all(use["text"] and use["count"] for use in first["uses"])


def test_topics_can_be_browsed_read_and_found_from_a_verse(served: Served) -> None:
    page = get(served, "topics", prefix="lov", limit=2).json()
    more = get(served, "topics", prefix="lov", limit=50, after=page["next_after"]).json()
    love = next(topic for topic in [*page["topics"], *more["topics"]] if topic["headword"] == "LOVE")
    topic = get(served, f"topics/{love['id']}").json()
    citing = get(served, "topics/citing", ref="John 3:16").json()

    assert 2 == len(page["topics"])
    assert not {topic["id"] for topic in page["topics"]} & {topic["id"] for topic in more["topics"]}
    assert love["citations"] == len(topic["cites"]) > 100
    assert {"heading", "reference", "osis"} == topic["cites"][0].keys()
    assert "SALVATION" in [topic["topic"] for topic in citing["topics"]]
    assert 404 == get(served, "topics/999999").status_code
    assert [] == get(served, "topics", prefix="100%").json()["topics"]


def test_suggestions_for_typed_text(served: Served) -> None:
    suggestions = get(served, "suggest", q="joh").json()["suggestions"]

    assert ("passage", "John", "John") == (suggestions[0]["kind"], suggestions[0]["text"], suggestions[0]["target"])
    assert 400 == get(served, "suggest").status_code


def test_a_search_finds_every_use_of_a_lemma(served: Served) -> None:
    answer = get(served, "search", q="G3439", mode="strongs", limit=3).json()

    assert ["Luke.7.12", "Luke.8.42", "Luke.9.38"] == [hit["osis"] for hit in answer["hits"]]
    assert 404 == get(served, "search", q="qwertz", mode="strongs").status_code


def test_a_graph_query_is_combined_with_a_similar_sentence(served: Served) -> None:
    body = {
        "query": "MATCH (:Topic {name: $topic})-[:CITES]->(v:Verse) RETURN v.id AS verse_id",
        "parameters": {"topic": "CARE"},
        "similar_to": "the birds of the sky do not sow",
        "limit": 3,
    }
    answer = served.http.post("/api/v1/graph/search", json=body).json()

    assert "Matt.6.26" == answer["hits"][0]["osis"]
    assert answer["hits"][0]["similarity"] > answer["hits"][1]["similarity"]
    without_verse_id = served.http.post("/api/v1/graph/search", json={"query": "MATCH (t:Topic) RETURN t.name LIMIT 1"})
    assert (400, "verse_id") == (without_verse_id.status_code, without_verse_id.json()["detail"].rpartition(" ")[2])


def test_a_library_without_people_returns_no_people(served: Served) -> None:
    assert [] == get(served, "entities", prefix="R").json()["entities"]
    assert [] == get(served, "entities/mentioned", ref="Ruth 1").json()["entities"]
    assert 404 == get(served, "entities/ruth_1").status_code


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/topics", "By letter"),
        ("/topics?prefix=lov", "Love"),
        ("/topic/FORGIVENESS", "Of enemies"),
        ("/word/G26", "ἀγάπη"),
        ("/word/G26?translation=RV1909", "Used in"),
        ("/search?q=worry", "readers found it helpful"),
        ("/search?q=worry&range=Matt+6", "Matthew 6"),
        ("/search?q=agape&mode=strongs", "G26"),
        ("/verse/WEB/John.3.16", "<svg"),
    ],
)
def test_study_pages(served: Served, path: str, expected: str) -> None:
    page = served.http.get(path, headers={"accept": "text/html"}, follow_redirects=True)

    assert 200 == page.status_code
    assert expected in page.text


@pytest.mark.parametrize("path", ["/topic/99999999", "/topic/no-such-topic", "/word/G99999", "/entity/nobody"])
def test_a_missing_study_page_is_an_html_error_page(served: Served, path: str) -> None:
    page = served.http.get(path, headers={"accept": "text/html"})

    assert 404 == page.status_code
    assert "<main" in page.text


def test_the_queries_of_the_docs_work(served: Served) -> None:
    page = (Path(__file__).parents[2] / "docs" / "graph.md").read_text(encoding="utf-8")
    queries = re.findall(r"```cypher\n(.*?)```", page, re.DOTALL)
    answers = [served.http.post("/api/v1/graph/query", json={"query": query}).json() for query in queries]

    assert 3 == len(answers)
    assert all(answer["rows"] for answer in answers)
    assert ["verse_id", "topic"] == answers[2]["columns"]
