"""Clients of a runtime in a process of their own, as light as can be: on a small machine they take what is measured.

    python -m server.benchmarks.load SOCKET

Each line on standard input is a request, each line on standard output its answer. A `Burst` is so many clients that embed
texts, one a request, each its next when its last is answered. A `Conversation` is one streamed chat answer.
"""

import asyncio
import sys
import time

import msgspec
import uvloop

from models.messages import ChatChunk, ChatMessage, ChatRequest, StreamOptions
from server.benchmarks.direct import Timed


class Burst(msgspec.Struct, frozen=True, tag=True):
    """What to send. Vectors are computed anew unless `cached`."""

    model: str
    clients: int
    texts: list[str]
    cached: bool = False


class BurstOutcome(msgspec.Struct, frozen=True):
    """Seconds in all, of each request, and milliseconds inside the service."""

    seconds: float
    each: list[float]
    inside_ms: list[float]


class Conversation(msgspec.Struct, frozen=True, tag=True):
    """Messages to answer with so many tokens."""

    model: str
    messages: list[ChatMessage]
    tokens: int


class ChatTimed(msgspec.Struct, frozen=True):
    """When a conversation's tokens came, and what they said."""

    timed: Timed
    text: str


class _Connection:
    """HTTP/1.1 by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, *, cached: bool) -> None:
        self._reader, self._writer = reader, writer
        control = "" if cached else "cache-control: no-cache\r\n"
        self._head = f"POST {path} HTTP/1.1\r\nhost: models\r\ncontent-type: application/json\r\n{control}"

    async def post(self, body: bytes) -> float:
        """Send a request and read its whole answer; the milliseconds that the service says it took."""
        self._write(body)
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        await self._reader.readexactly(int(headers["content-length"]))
        if " 200 " not in status:
            raise RuntimeError(status)
        return float(headers["server-timing"].partition("dur=")[2])

    async def stream(self, body: bytes) -> ChatTimed:
        """Send a request and read its stream; tokens are counted by the usage that it ends with."""
        began = first = last = time.perf_counter()
        self._write(body)
        pieces: list[str] = []
        tokens = 0
        while (line := await self._reader.readline()) != b"data: [DONE]\n":
            if not line:
                raise RuntimeError("The stream broke off.")
            if not line.startswith(b"data: "):
                continue
            chunk = msgspec.json.decode(line[6:], type=ChatChunk)
            piece = chunk.choices[0].delta.content if chunk.choices else ""
            if piece:
                last = time.perf_counter()
                first = first if pieces else last
                pieces.append(piece)
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return ChatTimed(Timed(first - began, last - first, tokens), "".join(pieces))

    def _write(self, body: bytes) -> None:
        self._writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)

    def close(self) -> None:
        self._writer.close()


async def main() -> None:
    (socket,) = sys.argv[1:]
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = msgspec.json.decode(line, type=Burst | Conversation)
        answer = await (_embed(socket, request) if isinstance(request, Burst) else _chat(socket, request))
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


async def _chat(socket: str, request: Conversation) -> ChatTimed:
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


async def _embed(socket: str, burst: Burst) -> BurstOutcome:
    texts = iter(burst.texts)
    each: list[float] = []
    inside: list[float] = []
    connections = [
        _Connection(*await asyncio.open_unix_connection(socket), "/v1/embeddings", cached=burst.cached)
        for _ in range(burst.clients)
    ]

    async def client(connection: _Connection) -> None:
        for text in texts:
            body = msgspec.json.encode({"model": burst.model, "input": text, "encoding_format": "base64"})
            began = time.perf_counter()
            inside.append(await connection.post(body))
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*map(client, connections))
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return BurstOutcome(seconds, each, inside)


if __name__ == "__main__":
    uvloop.run(main())
