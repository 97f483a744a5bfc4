"""The clients of a model runtime: requests, answers and errors. The runtime is a small server in this process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from models.messages import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChunkChoice,
    Delta,
    EmbeddingRequest,
    StreamOptions,
    Usage,
)
from server.benchmarks.load import Burst, Conversation, chat, embed

Result = TypeVar("Result")
DONE = b"data: [DONE]\n\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer-Timing: total;dur=1.5\r\n\r\n{}"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
QUESTION = Conversation("tiny", [ChatMessage(role="user", content="Who lit the lamp?")], 16)


class FakeRuntime:
    """Answers each request with the same bytes, and records the requests. With `closes`, each connection gets one answer."""

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._answer, self._closes = answer, closes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while head := await self._read_head(reader):
            length = int(head.partition("content-length: ")[2].split("\r\n")[0])
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            writer.write(self._answer)
            if self._closes:
                break
        writer.close()

    async def _read_head(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return ""


def ask(runtime: FakeRuntime, folder: Path, request: Callable[[str], Awaitable[Result]]) -> Result:
    """Send a request to the runtime, which listens on a socket in the folder."""

    async def run() -> Result:
        socket = str(folder / "models.sock")
        async with await asyncio.start_unix_server(runtime.serve, socket):
            return await asyncio.wait_for(request(socket), 10)

    return asyncio.run(run())


def chunk(text: str | None = None, usage: Usage | msgspec.UnsetType = msgspec.UNSET) -> bytes:
    """A piece of an answer, as the runtime streams it."""
    choices = [] if text is None else [ChunkChoice(delta=Delta(content=text))]
    return b"data: %s\n\n" % msgspec.json.encode(
        ChatChunk(id="1", created=1, model="tiny", choices=choices, usage=usage)
    )


def embedded_texts(runtime: FakeRuntime) -> list[str | list[str]]:
    return [msgspec.json.decode(body, type=EmbeddingRequest).input for body in runtime.bodies]


@pytest.mark.parametrize("clients", [1, 3, 8])
def test_every_text_is_one_request_whatever_the_number_of_clients(tmp_path: Path, clients: int) -> None:
    runtime, texts = FakeRuntime(OK), ["lamp", "well", "harp", "oil"]
    outcome = ask(runtime, tmp_path, lambda socket: embed(socket, Burst("tiny", clients, texts)))

    assert sorted(texts) == sorted(map(str, embedded_texts(runtime)))
    assert clients == runtime.connections
    assert ([1.5] * 4, 4) == (outcome.runtime_ms, len(outcome.request_s))
    assert max(outcome.request_s) <= outcome.seconds


def test_a_request_names_the_model(tmp_path: Path) -> None:
    runtime = FakeRuntime(OK)
    ask(runtime, tmp_path, lambda socket: embed(socket, Burst("tiny", 1, ["lamp"])))

    assert EmbeddingRequest(model="tiny", input="lamp", encoding_format="base64") == msgspec.json.decode(
        runtime.bodies[0], type=EmbeddingRequest
    )
    assert runtime.heads[0].startswith("POST /v1/embeddings HTTP/1.1\r\n")


@pytest.mark.parametrize("cached", [True, False])
def test_vectors_are_computed_again_unless_cached_ones_may_be_used(tmp_path: Path, cached: bool) -> None:
    runtime = FakeRuntime(OK)
    ask(runtime, tmp_path, lambda socket: embed(socket, Burst("tiny", 1, ["lamp"], cached=cached)))

    assert cached is ("\r\ncache-control: no-cache\r\n" not in runtime.heads[0])


def test_a_refused_request_stops_the_burst(tmp_path: Path) -> None:
    runtime = FakeRuntime(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(RuntimeError, match="503 busy"):
        ask(runtime, tmp_path, lambda socket: embed(socket, Burst("tiny", 1, ["lamp"])))


def streamed(*parts: bytes) -> FakeRuntime:
    return FakeRuntime(STREAM + b"".join(parts), closes=True)


def test_an_answer_is_the_pieces_of_its_stream(tmp_path: Path) -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=7, total_tokens=12)
    runtime = streamed(chunk(""), chunk("Deborah "), chunk("lit "), chunk("it."), chunk(None, usage), DONE)
    answer = ask(runtime, tmp_path, lambda socket: chat(socket, QUESTION))

    assert ("Deborah lit it.", 7) == (answer.text, answer.times.tokens)
    assert answer.times.first_s >= 0.0
    assert answer.times.rest_s >= 0.0


def test_an_answer_without_pieces_takes_no_time(tmp_path: Path) -> None:
    answer = ask(streamed(chunk(""), DONE), tmp_path, lambda socket: chat(socket, QUESTION))

    assert ("", 0, 0.0, 0.0) == (answer.text, answer.times.tokens, answer.times.first_s, answer.times.rest_s)


@pytest.mark.parametrize("parts", [(), (chunk("Deborah "),)], ids=["nothing", "one piece"])
def test_a_stream_that_ends_early_is_an_error(tmp_path: Path, parts: Sequence[bytes]) -> None:
    with pytest.raises(RuntimeError, match="ended early"):
        ask(streamed(*parts), tmp_path, lambda socket: chat(socket, QUESTION))


def test_a_conversation_is_streamed_without_randomness_and_with_its_number_of_tokens(tmp_path: Path) -> None:
    runtime = streamed(DONE)
    ask(runtime, tmp_path, lambda socket: chat(socket, QUESTION))
    request = msgspec.json.decode(runtime.bodies[0], type=ChatRequest)

    assert ("tiny", QUESTION.messages, 16, 0) == (
        request.model,
        request.messages,
        request.max_tokens,
        request.temperature,
    )
    assert (True, StreamOptions(include_usage=True)) == (request.stream, request.stream_options)
