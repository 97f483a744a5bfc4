"""`/v1/embeddings` and `/v1/rerank` over HTTP."""

import asyncio
import base64

import msgspec
import pytest
from fakes.asgi_request import AsgiRequest
from fakes.model_processes import FakeProcesses, Hold, vector_of
from litestar import Litestar
from litestar.testing import TestClient

from models.api.disconnects import CLIENT_DISCONNECTED
from models.api.embeddings import FEW_TEXTS
from models.messages import EmbeddingResponse, RerankResponse, RerankResult, Usage

Client = TestClient[Litestar]
MANY_TEXTS = [f"text {number}" for number in range(FEW_TEXTS + 1)]
DOCUMENTS = ["a ship", "bread and fish", "fish"]


def embed(client: Client, **body: object) -> EmbeddingResponse:
    answer = client.post("/v1/embeddings", json={"model": "embed", **body})
    assert 200 == answer.status_code, answer.text
    return msgspec.json.decode(answer.content, type=EmbeddingResponse)


def rerank(client: Client, **body: object) -> RerankResponse:
    answer = client.post("/v1/rerank", json={"model": "rerank", "query": "bread fish", "documents": DOCUMENTS, **body})
    assert 200 == answer.status_code, answer.text
    return msgspec.json.decode(answer.content, type=RerankResponse)


def test_each_text_has_a_vector_with_its_index(client: Client, processes: FakeProcesses) -> None:
    answer = embed(client, input=["river", "an oil lamp"])

    assert [(0, [5.0, 1.0]), (1, [11.0, 1.0])] == [(item.index, item.embedding) for item in answer.data]
    assert ("embed", Usage(prompt_tokens=4, total_tokens=4)) == (answer.model, answer.usage)


def test_one_text_needs_no_list(client: Client, processes: FakeProcesses) -> None:
    assert [[5.0, 1.0]] == [item.embedding for item in embed(client, input="river").data]


def test_many_texts_are_embedded_in_order(client: Client, processes: FakeProcesses) -> None:
    answer = embed(client, input=["a" * length for length in range(20, 0, -1)])

    assert [[float(length), 1.0] for length in range(20, 0, -1)] == [item.embedding for item in answer.data]


def test_base64_vectors_are_little_endian_floats(client: Client, processes: FakeProcesses) -> None:
    (item,) = embed(client, input="river", encoding_format="base64").data

    assert vector_of("river") == base64.b64decode(str(item.embedding))


def test_the_answer_says_how_long_it_took(client: Client, processes: FakeProcesses) -> None:
    answer = client.post("/v1/embeddings", json={"model": "embed", "input": "river"})
    name, _, duration = answer.headers["server-timing"].partition(";dur=")

    assert "embed" == name
    assert float(duration) > 0


@pytest.mark.parametrize(("cache_control", "computed"), [("no-cache", 2), ("max-age=60", 1)])
def test_a_client_may_ask_for_fresh_vectors(
    client: Client, processes: FakeProcesses, cache_control: str, computed: int
) -> None:
    embed(client, input="river")
    client.post("/v1/embeddings", json={"model": "embed", "input": "river"}, headers={"cache-control": cache_control})

    assert [["river"]] * computed == processes.embedded


def test_an_empty_list_of_texts_is_refused(client: Client, processes: FakeProcesses) -> None:
    answer = client.post("/v1/embeddings", json={"model": "embed", "input": []})

    assert 400 == answer.status_code
    assert "`input` must contain from 1 to 2048 texts" in answer.json()["error"]["message"]


def test_documents_are_ranked_best_first(client: Client, processes: FakeProcesses) -> None:
    answer = rerank(client)

    assert [(1, 2.0), (2, 1.0), (0, 0.0)] == [(result.index, result.relevance_score) for result in answer.results]
    assert (False, Usage(prompt_tokens=9, total_tokens=9)) == (answer.truncated, answer.usage)


def test_documents_with_equal_scores_stay_in_their_order(client: Client, processes: FakeProcesses) -> None:
    assert [0, 1, 2] == [result.index for result in rerank(client, query="oil").results]


def test_only_the_best_documents_are_returned(client: Client, processes: FakeProcesses) -> None:
    assert [1] == [result.index for result in rerank(client, top_n=1).results]


def test_documents_are_returned_on_request(client: Client, processes: FakeProcesses) -> None:
    best = RerankResult(index=1, relevance_score=2.0, document={"text": "bread and fish"})

    assert best == rerank(client, return_documents=True).results[0]
    assert rerank(client).results[0].document is None


def test_documents_without_a_score_are_missing_and_the_answer_says_so(client: Client, processes: FakeProcesses) -> None:
    processes.max_scored = 2
    answer = rerank(client)

    assert ([1, 0], True) == ([result.index for result in answer.results], answer.truncated)


def test_a_time_limit_of_zero_is_refused(client: Client, processes: FakeProcesses) -> None:
    body = {"model": "rerank", "query": "fish", "documents": DOCUMENTS, "max_ms": 0}

    assert 400 == client.post("/v1/rerank", json=body).status_code


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "embed", "input": MANY_TEXTS}),
        ("/v1/rerank", {"model": "rerank", "query": "fish", "documents": DOCUMENTS}),
    ],
)
def test_a_disconnect_ends_the_request(app: Litestar, processes: FakeProcesses, path: str, body: object) -> None:
    async def scene() -> int:
        processes.pass_hold = hold = Hold()
        request = AsgiRequest(app, path, body)
        async with app.lifespan():
            running = asyncio.create_task(request.run())
            await hold.reached.wait()
            request.disconnect()
            await asyncio.wait_for(running, 20)
        return request.status

    assert CLIENT_DISCONNECTED == asyncio.run(scene())
