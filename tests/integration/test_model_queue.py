"""The runtime over HTTP: those who wait for their turn, and those who leave before it is over."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes.model_server import ModelServer, body, serving_chat_models

from models.catalogue.packaged import MINILM


def wait_until(happens: Callable[[], bool]) -> float:
    """Seconds until something happens."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < 20
    return time.monotonic() - began


def test_who_waits_is_told_the_place_in_the_stream(model_server: ModelServer) -> None:
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
            told = next(comments)
            first.close()
            rest = list(comments)

    assert ": queue 1" == told
    assert any(line.startswith("data: {") for line in rest)
    assert "data: [DONE]" in rest


def test_one_person_s_questions_stop_neither_another_s_nor_a_search(model_server: ModelServer) -> None:
    async def scene() -> tuple[list[httpx.Response], httpx.Response, httpx.Response]:
        async with model_server.asynchronous(timeout=240) as http:
            asked = [
                asyncio.create_task(http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user="eager")))
                for _ in range(12)
            ]
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            other = await http.post("/v1/chat/completions", json=body("slow", max_tokens=3, user="anna"))
            found = await http.post("/v1/embeddings", json={"model": MINILM, "input": "a lamp in the night"})
            return await asyncio.gather(*asked), other, found

    eager, other, found = asyncio.run(scene())

    assert {200, 503} == {answer.status_code for answer in eager}
    assert all("retry-after" in answer.headers for answer in eager if answer.status_code == 503)
    assert (200, 200) == (other.status_code, found.status_code)


def test_a_full_queue_answers_503_with_retry_after(model_server: ModelServer) -> None:
    async def scene() -> list[httpx.Response]:
        async with model_server.asynchronous(timeout=240) as http:
            asked = [
                http.post("/v1/chat/completions", json=body("slow", max_tokens=20, user=f"person {number}"))
                for number in range(8)
            ]
            return await asyncio.gather(*asked)

    answers = asyncio.run(scene())
    refused = [answer for answer in answers if answer.status_code == 503]

    assert 4 == len(refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert "3 requests wait for cpu already" in refused[0].json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_who_leaves_stops_the_model_within_a_tenth_of_a_second(model_server: ModelServer, stream: bool) -> None:
    async def leave() -> None:
        async with model_server.asynchronous(timeout=60) as http:
            asked = asyncio.create_task(
                http.post("/v1/chat/completions", json=body("slow", stream=stream, max_tokens=8000))
            )
            await asyncio.to_thread(wait_until, lambda: model_server.in_use("slow"))
            asked.cancel()

    for _ in range(3):
        asyncio.run(leave())
        left = time.monotonic()
        wait_until(lambda: not model_server.in_use("slow"))
        freed = time.monotonic() - left
        # The process itself is free too: the next request does not wait for the rest of the last.
        began = time.monotonic()
        model_server.chat("slow", max_tokens=1)

        assert freed < 0.1
        assert time.monotonic() - began < 1


def test_texts_of_one_who_left_are_not_embedded(model_server: ModelServer) -> None:
    async def leave() -> None:
        async with model_server.asynchronous(timeout=60) as http:
            texts = [f"a river and a lamp {number} " * 30 for number in range(2000)]
            asked = asyncio.create_task(http.post("/v1/embeddings", json={"model": MINILM, "input": texts}))
            await asyncio.to_thread(wait_until, lambda: model_server.in_use(MINILM))
            asked.cancel()

    asyncio.run(leave())
    began = time.monotonic()
    wait_until(lambda: not model_server.in_use(MINILM))

    assert time.monotonic() - began < 2


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[ModelServer]:
    """A runtime with a slow chat model, and a queue in which one person may have several places."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "runtime.toml").write_text("queue_capacity = 64\n")
    with serving_chat_models(tmp_path, layers={"slow": 80}) as running:
        yield running


def test_many_questions_of_one_do_not_hold_up_another(roomy: ModelServer) -> None:
    async def scene() -> list[str]:
        order: list[str] = []
        async with roomy.asynchronous(timeout=60) as http:

            async def ask(user: str) -> None:
                await http.post("/v1/chat/completions", json=body("slow", max_tokens=60, user=user))
                order.append(user)

            eager = [asyncio.create_task(ask("eager")) for _ in range(5)]
            await asyncio.to_thread(wait_until, lambda: roomy.http.get("/health").json()["queued"] == 4)
            await asyncio.gather(*eager, ask("anna"))
        return order

    # One of the eager person's is being written, and the next one has its turn at most before Anna.
    assert "anna" in asyncio.run(scene())[:3]
