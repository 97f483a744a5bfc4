"""The runtime over HTTP: requests that wait in the queue, and clients that disconnect."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes.model_server import ModelServer, body, serving_chat_models

from models.catalogue.packaged import MINILM


def wait_until(condition: Callable[[], bool]) -> float:
    """Wait until a condition is true, and return how many seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 20
    return time.monotonic() - began


def test_the_stream_of_a_waiting_request_has_its_position(model_server: ModelServer) -> None:
    with model_server.http.stream(
        "POST", "/v1/chat/completions", json=body("slow", stream=True, max_tokens=3000)
    ) as first:
        lines = first.iter_lines()
        while not next(lines).startswith("data:"):
            pass
        with model_server.http.stream(
            "POST", "/v1/chat/completions", json=body("quick", stream=True, max_tokens=3)
        ) as second:
            comments = second.iter_lines()
            comment = next(comments)
            first.close()
            rest = list(comments)

    assert ": queue 1" == comment
    assert any(line.startswith("data: {") for line in rest)
    assert "data: [DONE]" in rest


def test_the_questions_of_one_user_block_neither_another_user_nor_a_search(model_server: ModelServer) -> None:
    async def scene() -> tuple[list[httpx.Response], httpx.Response, httpx.Response]:
        async with model_server.asynchronous(timeout=240) as http:
            requests = [
                asyncio.create_task(http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user="eager")))
                for _ in range(12)
            ]
            await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
            other = await http.post("/v1/chat/completions", json=body("slow", max_tokens=3, user="anna"))
            search = await http.post("/v1/embeddings", json={"model": MINILM, "input": "a lamp in the night"})
            return await asyncio.gather(*requests), other, search

    eager, other, search = asyncio.run(scene())

    assert {200, 503} == {answer.status_code for answer in eager}
    assert all("retry-after" in answer.headers for answer in eager if answer.status_code == 503)
    assert (200, 200) == (other.status_code, search.status_code)


def test_a_full_queue_answers_503_with_retry_after(model_server: ModelServer) -> None:
    async def scene() -> list[httpx.Response]:
        async with model_server.asynchronous(timeout=240) as http:
            requests = [
                http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user=f"person {number}"))
                for number in range(8)
            ]
            return await asyncio.gather(*requests)

    answers = asyncio.run(scene())
    refused = [answer for answer in answers if answer.status_code == 503]

    assert 4 == len(refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert "3 requests are waiting" in refused[0].json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_disconnect_stops_the_model_within_a_tenth_of_a_second(model_server: ModelServer, stream: bool) -> None:
    async def disconnect() -> None:
        async with model_server.asynchronous(timeout=60) as http:
            request = asyncio.create_task(
                http.post("/v1/chat/completions", json=body("slow", stream=stream, max_tokens=8000))
            )
            await asyncio.to_thread(wait_until, lambda: model_server.in_use("slow"))
            request.cancel()

    for _ in range(3):
        asyncio.run(disconnect())
        disconnected_at = time.monotonic()
        wait_until(lambda: not model_server.in_use("slow"))
        freed = time.monotonic() - disconnected_at
        # The model's process is free too: the next request does not wait until the previous answer is complete.
        began = time.monotonic()
        model_server.chat("slow", max_tokens=1)

        assert freed < 0.1
        assert time.monotonic() - began < 1


def test_texts_of_a_disconnected_client_are_not_embedded(model_server: ModelServer) -> None:
    async def disconnect() -> None:
        async with model_server.asynchronous(timeout=60) as http:
            texts = [f"a river and a lamp {number} " * 30 for number in range(2000)]
            request = asyncio.create_task(http.post("/v1/embeddings", json={"model": MINILM, "input": texts}))
            await asyncio.to_thread(wait_until, lambda: model_server.in_use(MINILM))
            request.cancel()

    asyncio.run(disconnect())
    began = time.monotonic()
    wait_until(lambda: not model_server.in_use(MINILM))

    assert time.monotonic() - began < 2


@pytest.fixture
def large_queue(tmp_path: Path) -> Iterator[ModelServer]:
    """A runtime with a slow chat model, and a queue in which one user may have several places."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "runtime.toml").write_text("queue_capacity = 64\n")
    with serving_chat_models(tmp_path, layers={"slow": 80}) as running:
        yield running


def test_many_questions_of_one_user_do_not_delay_another_user(large_queue: ModelServer) -> None:
    async def scene() -> list[str]:
        order: list[str] = []
        async with large_queue.asynchronous(timeout=60) as http:

            async def ask(user: str) -> None:
                await http.post("/v1/chat/completions", json=body("slow", max_tokens=60, user=user))
                order.append(user)

            eager = [asyncio.create_task(ask("eager")) for _ in range(5)]
            await asyncio.to_thread(wait_until, lambda: large_queue.http.get("/health").json()["queued"] == 4)
            await asyncio.gather(*eager, ask("anna"))
        return order

    # When Anna's request arrives, a request of the first user is running. At most one more of that user's runs before hers.
    assert "anna" in asyncio.run(scene())[:3]
