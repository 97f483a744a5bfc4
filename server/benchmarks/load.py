"""Clients of a model runtime in a separate process. They use little processor time: on a small machine, the runtime needs it.

    python -m server.benchmarks.load SOCKET

Each line on standard input is a request. Each line on standard output is the answer to one request. In a `Burst`, several
clients embed texts, one text per request; a client sends its next request after the answer. A `Conversation` is one streamed
chat answer.
"""

import asyncio
import sys
import time

import msgspec
import uvloop

from models.messages import ChatChunk, ChatMessage, ChatRequest, StreamOptions
from server.benchmarks.direct import TokenTimes


class Burst(msgspec.Struct, frozen=True, tag=True):
    """Texts to embed by a number of clients. Vectors are always computed, unless `cached` is set."""

    model: str
    clients: int
    texts: list[str]
    cached: bool = False


class BurstOutcome(msgspec.Struct, frozen=True):
    """Total seconds, seconds of each request, and milliseconds that the runtime reports for each request."""

    seconds: float
    request_s: list[float]
    runtime_ms: list[float]


class Conversation(msgspec.Struct, frozen=True, tag=True):
    """Messages to answer, and the number of tokens of the answer."""

    model: str
    messages: list[ChatMessage]
    tokens: int


class TimedAnswer(msgspec.Struct, frozen=True):
    """The text of an answer, and the times of its tokens."""

    times: TokenTimes
    text: str


class _Connection:
    """A minimal HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, *, cached: bool) -> None:
        self._reader, self._writer = reader, writer
        control = "" if cached else "cache-control: no-cache\r\n"
        self._head = f"POST {path} HTTP/1.1\r\nhost: models\r\ncontent-type: application/json\r\n{control}"

    async def post(self, body: bytes) -> float:
        """Send a request and read its whole answer. Return the milliseconds that the runtime reports."""
        self._write(body)
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        await self._reader.readexactly(int(headers["content-length"]))
        if " 200 " not in status:
            raise RuntimeError(status)
        return float(headers["server-timing"].partition("dur=")[2])

    async def stream(self, body: bytes) -> TimedAnswer:
        """Send a request and read its stream. The `usage` at the end of the stream has the number of tokens."""
        start = first = last = time.perf_counter()
        self._write(body)
        pieces: list[str] = []
        tokens = 0
        while (line := await self._reader.readline()) != b"data: [DONE]\n":
            if not line:
                raise RuntimeError("The stream ended early.")
            if not line.startswith(b"data: "):
                continue
            chunk = msgspec.json.decode(line[6:], type=ChatChunk)
            piece = chunk.choices[0].delta.content if chunk.choices else ""
            if piece:
                last = time.perf_counter()
                first = first if pieces else last
                pieces.append(piece)
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return TimedAnswer(TokenTimes(first - start, last - first, tokens), "".join(pieces))

    def _write(self, body: bytes) -> None:
        self._writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)

    def close(self) -> None:
        self._writer.close()


async def main() -> None:
    (socket,) = sys.argv[1:]
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = msgspec.json.decode(line, type=Burst | Conversation)
        answer = await (embed(socket, request) if isinstance(request, Burst) else chat(socket, request))
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


async def chat(socket: str, request: Conversation) -> TimedAnswer:
    """Stream an answer of the runtime at a socket. Raises RuntimeError if the stream ends early."""
    body = ChatRequest(
        model=request.model,
        messages=request.messages,
        max_tokens=request.tokens,
        temperature=0,
        stream=True,
        stream_options=StreamOptions(include_usage=True),
    )
    connection = _Connection(*await asyncio.open_unix_connection(socket), "/v1/chat/completions", cached=True)
    try:
        return await connection.stream(msgspec.json.encode(body))
    finally:
        connection.close()


async def embed(socket: str, burst: Burst) -> BurstOutcome:
    """Embed the texts of a burst with the runtime at a socket. Raises RuntimeError if it refuses a request."""
    texts = iter(burst.texts)
    request_s: list[float] = []
    runtime_ms: list[float] = []
    connections = [
        _Connection(*await asyncio.open_unix_connection(socket), "/v1/embeddings", cached=burst.cached)
        for _ in range(burst.clients)
    ]

    async def client(connection: _Connection) -> None:
        for text in texts:
            body = msgspec.json.encode({"model": burst.model, "input": text, "encoding_format": "base64"})
            start = time.perf_counter()
            runtime_ms.append(await connection.post(body))
            request_s.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*map(client, connections))
    seconds = time.perf_counter() - start
    for connection in connections:
        connection.close()
    return BurstOutcome(seconds, request_s, runtime_ms)


if __name__ == "__main__":
    uvloop.run(main())
