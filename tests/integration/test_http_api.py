"""The HTTP API with the real library and real embeddings."""

import json

import httpx
import pytest
from fakes.serving import Served

CHAPTERS = "/api/v1/chapters"


def get(served: Served, path: str, **params: str | int) -> httpx.Response:
    return served.http.get(f"/api/v1/{path}", params=params)


def test_health_reports_the_state(served: Served) -> None:
    answer = get(served, "health").json()

    assert ("ok", 3, 37_457) == (answer["status"], answer["translations"], answer["index"]["embedded"])


def test_translations_have_licence_and_attribution(served: Served) -> None:
    translations = {
        translation["id"]: translation for translation in get(served, "translations").json()["translations"]
    }

    assert {"WEB": 37_457, "KJV": 31_102, "RV1909": 31_084} == {
        key: translation["verses"] for key, translation in translations.items()
    }
    assert {"Public Domain"} == {translation["licence"] for translation in translations.values()}
    assert all(translation["attribution"] and translation["language"] for translation in translations.values())


def test_a_passage_in_two_translations(served: Served) -> None:
    answer = get(served, "passages", ref="John 3:16-18", translations="WEB,KJV").json()
    first = answer["verses"][0]

    assert ("John 3:16–18", 3) == (answer["reference"], len(answer["verses"]))
    assert (43_003_016, "John.3.16", "John 3:16") == (first["verse_id"], first["osis"], first["reference"])
    assert "only born Son, that whoever believes" in first["texts"]["WEB"]
    assert "only begotten Son" in first["texts"]["KJV"]
    assert "only begotten" in first["notes"]["WEB"][0]["text"]
    assert {"text": "loved", "strongs": ["G25"]}.items() <= next(
        w for w in first["words"]["WEB"] if w["text"] == "loved"
    ).items()


def test_the_references_of_a_text(served: Served) -> None:
    text = "Compare Rom 8:28ff with Gén 1:1."
    references = served.http.post("/api/v1/references", json={"text": text, "language": "es"}).json()["references"]

    assert ["Rom 8:28ff", "Gén 1:1"] == [text[reference["start"] : reference["end"]] for reference in references]
    assert ["Rom.8.28-Rom.8.999", "Gen.1.1"] == [reference["osis"] for reference in references]


def test_without_commentaries_a_passage_has_no_comments(served: Served) -> None:
    answer = get(served, "comments", ref="ps 23").json()

    assert ("Psalm 23", []) == (answer["reference"], answer["comments"])


def test_a_chapter_with_its_neighbours(served: Served) -> None:
    first, last = (get(served, f"chapters/WEB/{place}").json() for place in ("Gen/1", "Rev/22"))

    assert (None, {"book": "Gen", "chapter": 2}, 31) == (first["previous"], first["next"], len(first["verses"]))
    assert last["verses"][-1]["text"].endswith("Amen.")
    assert {"verse_id", "osis", "verse", "text"} <= first["verses"][0].keys()


def test_an_unchanged_chapter_is_not_sent_again(served: Served) -> None:
    first = get(served, "chapters/KJV/Ps/23")
    again = served.http.get(f"{CHAPTERS}/KJV/Ps/23", headers={"If-None-Match": first.headers["etag"]})

    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["etag"] != get(served, "chapters/WEB/Ps/23").headers["etag"]


def test_search_by_words_and_meaning(served: Served) -> None:
    answer = get(served, "search", q="do not be anxious", limit=5).json()
    best = answer["hits"][0]

    assert ("do not be anxious", "hybrid", 5) == (answer["query"], answer["mode"], len(answer["hits"]))
    assert {"verse_id", "osis", "reference", "text", "score", "why"} <= best.keys()
    assert "Matt.6.34" in [hit["osis"] for hit in answer["hits"][:3]]
    assert best["why"]["keyword_rank"]
    assert answer["next_cursor"]
    assert answer["took_ms"] > 0


def test_search_by_meaning_finds_verses_without_the_words(served: Served) -> None:
    hits = get(served, "search", q="the creator made the sky and the ground", mode="semantic", limit=20).json()["hits"]

    assert "Gen.1.1" in [hit["osis"] for hit in hits]
    assert all(hit["why"]["similarity"] > 0.3 and hit["why"]["keyword_rank"] is None for hit in hits)


def test_pages_of_results(served: Served) -> None:
    whole = get(served, "search", q="living water", limit=40).json()["hits"]
    first = get(served, "search", q="living water", limit=20).json()
    second = get(served, "search", q="living water", limit=20, cursor=first["next_cursor"]).json()

    assert [hit["verse_id"] for hit in whole] == [hit["verse_id"] for hit in first["hits"] + second["hits"]]


def test_search_by_english_meaning_shows_spanish_verses_with_a_notice(served: Served) -> None:
    answer = get(served, "search", q="the shepherd of my soul", translation="RV1909").json()

    assert "English" in answer["notice"]
    assert answer["translation"] == "RV1909"


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_search_within_a_range(served: Served, mode: str) -> None:
    hits = get(served, "search", q="light", mode=mode, range="Gen 1-2", limit=5).json()["hits"]
    wrong = get(served, "search", q="light", range="Gen 99")

    assert "Gen.1.3" in [hit["osis"] for hit in hits]
    assert all(1_001_000 < hit["verse_id"] < 1_003_000 for hit in hits)
    assert (404, True) == (wrong.status_code, "50 chapters" in wrong.json()["detail"])


@pytest.mark.parametrize(("filters", "low", "high"), [({"testament": "new"}, 40, 66), ({"book": "romans"}, 45, 45)])
def test_search_by_meaning_respects_filters(served: Served, filters: dict[str, str], low: int, high: int) -> None:
    hits = get(served, "search", q="trust in God", mode="semantic", limit=10, **filters).json()["hits"]

    assert 10 == len(hits)
    assert all(low <= hit["verse_id"] // 1_000_000 <= high for hit in hits)


def test_an_exact_spanish_quotation_comes_first(served: Served) -> None:
    hits = get(served, "search", q="Porque de tal manera amó Dios al mundo", translation="RV1909").json()["hits"]

    assert "John.3.16" == hits[0]["osis"]


@pytest.mark.parametrize("osis", ["Tob", "Ps"])
def test_filter_by_book(served: Served, osis: str) -> None:
    hits = get(served, "search", q="prayer", book=osis, limit=10).json()["hits"]

    assert {osis} == {hit["osis"].split(".")[0] for hit in hits}


@pytest.mark.parametrize(
    ("path", "params", "status", "detail"),
    [
        ("passages", {"ref": "Jhon"}, 404, "Did you mean John?"),
        ("passages", {"ref": "John 99"}, 404, "It has 21 chapters."),
        ("passages", {"ref": "John 3:16", "translations": "KJX"}, 404, "Did you mean KJV?"),
        ("passages", {"ref": "hello world"}, 404, "No book is called"),
        ("passages", {"ref": "12"}, 400, "Try John 3:16"),
        ("passages", {}, 400, "ref"),
        ("chapters/XXX/John/3", {}, 404, "no translation"),
        ("chapters/WEB/Jhon/3", {}, 404, "Did you mean John?"),
        ("chapters/WEB/John/22", {}, 404, "chapters 1 to 21"),
        ("chapters/WEB/John/three", {}, 400, "whole number"),
        ("search", {"q": ""}, 400, "empty"),
        ("search", {"q": "x" * 10_000}, 400, "1,000"),
        ("search", {"q": "love", "cursor": "made-up"}, 400, "next_cursor"),
        ("search", {"q": "love", "mode": "psychic"}, 400, "hybrid, keyword, semantic"),
        ("search", {"q": "love", "testament": "third"}, 400, "old, new, deuterocanon"),
        ("search", {"q": "love", "limit": 1000}, 400, "100"),
        ("search", {"q": "love", "limit": "many"}, 400, "limit"),
        ("search", {"q": "love", "book": "Jhon"}, 404, "Did you mean John?"),
        ("lexicon/G99999", {}, 404, "G3439"),
        ("messages/none", {}, 404, "Ask the question again"),
        ("nothing/here", {}, 404, "no page at this address"),
    ],
)
def test_invalid_input_gets_a_problem_with_a_remedy(
    served: Served, path: str, params: dict[str, str | int], status: int, detail: str
) -> None:
    answer = get(served, path, **params)
    problem = answer.json()

    assert (status, status) == (answer.status_code, problem["status"])
    assert "application/problem+json" in answer.headers["content-type"]
    assert detail in problem["detail"]


@pytest.mark.parametrize(
    "query",
    ['"unclosed', "AND OR NOT", "a) OR (b", "text:x", "NEAR(a b)", "%_*", "'; DROP TABLE verses; --", "love AND"],
)
def test_full_text_syntax_is_never_an_error(served: Served, query: str) -> None:
    answer = get(served, "search", q=query, mode="keyword")

    assert answer.status_code in (200, 400)
    assert "SQL" not in answer.text


def test_a_strongs_number_has_a_lexicon_entry(served: Served) -> None:
    entry = get(served, "lexicon/G0025").json()

    assert ("G25", "ἀγαπάω") == (entry["strongs"], entry["lemma"])


def ask(served: Served, question: str) -> dict[str, object]:
    answer = served.http.post("/api/v1/ask", json={"question": question, "translation": "WEB"})
    assert answer.status_code == 201
    message: dict[str, object] = answer.json()
    return message


def events(served: Served, message_id: object, last_id: int | None = None) -> list[tuple[int, str, dict[str, object]]]:
    headers = {"Last-Event-ID": str(last_id)} if last_id is not None else {}
    received = []
    with served.http.stream("GET", f"/api/v1/messages/{message_id}/stream", headers=headers) as stream:
        assert "text/event-stream" in stream.headers["content-type"]
        fields: dict[str, str] = {}
        for line in stream.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                received.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                fields = {}
    return received


def test_an_extractive_answer_quotes_passages_by_topic(served: Served) -> None:
    message = ask(served, "What does the Bible say about being anxious?")
    stream = events(served, message["id"])
    stored = get(served, f"messages/{message['id']}").json()

    assert ["sources", "token"] == [kind for _, kind, _ in stream[:2]]
    assert ("done", "extractive") == (stream[-1][1], stream[-1][2]["made_by"])
    assert list(range(1, len(stream) + 1)) == [seq for seq, _, _ in stream]
    assert "## Care" in stored["text"]
    for source in stored["sources"]:
        assert source["text"] in stored["text"]
    assert ("done", "extractive") == (stored["state"], stored["made_by"])


def test_a_client_that_reconnects_gets_only_the_missed_events(served: Served) -> None:
    message = ask(served, "What is love?")
    whole = events(served, message["id"])

    assert whole[3:] == events(served, message["id"], last_id=whole[2][0])
    assert [] == events(served, message["id"], last_id=whole[-1][0])


@pytest.mark.parametrize(
    "body", [{"question": "", "translation": "WEB"}, {"question": "x" * 1_001}, {"translation": "WEB"}, {"question": 5}]
)
def test_an_invalid_question_is_refused(served: Served, body: dict[str, object]) -> None:
    assert 400 == served.http.post("/api/v1/ask", json=body).status_code


def test_a_question_in_an_unknown_translation_is_not_found(served: Served) -> None:
    assert 404 == served.http.post("/api/v1/ask", json={"question": "love?", "translation": "NOPE"}).status_code


def test_a_page_of_another_website_cannot_ask(served: Served) -> None:
    answer = served.http.post("/api/v1/ask", json={"question": "love?"}, headers={"Sec-Fetch-Site": "cross-site"})

    by_origin = served.http.post(
        "/api/v1/ask", json={"question": "love?"}, headers={"Origin": "http://elsewhere.example"}
    )

    assert (403, 403) == (answer.status_code, by_origin.status_code)


def test_pages_allow_nothing_from_other_sites(served: Served) -> None:
    policy = served.http.get("/").headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_first_page_is_small(served: Served) -> None:
    addresses = ["/", "/static/lampstand.css", "/static/lampstand.js", "/static/lamp.svg"]
    sizes = [served.http.get(path, headers={"Accept-Encoding": "gzip"}).num_bytes_downloaded for path in addresses]

    assert sum(sizes) < 60_000


def test_the_openapi_document_describes_the_api(served: Served) -> None:
    paths = served.http.get("/schema/openapi.json").json()["paths"]

    assert {"/api/v1/health", "/api/v1/search", "/api/v1/ask", "/api/v1/messages/{message_id}/stream"} <= paths.keys()


def test_a_missing_page_is_an_html_error_page(served: Served) -> None:
    answer = served.http.get("/read/WEB/Jhon/3", headers={"Accept": "text/html"})

    assert 404 == answer.status_code
    assert "Did you mean John?" in answer.text
    assert "text/html" in answer.headers["content-type"]


def test_a_query_is_escaped_on_the_page(served: Served) -> None:
    page = served.http.get(
        "/search", params={"q": "<script>alert(1)</script> love"}, headers={"Accept": "text/html"}
    ).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
