"""Clients of an event stream in a separate process. They use little processor time.

    python -m server.benchmarks.listeners HOST PORT CLIENTS [TOKEN]

Every second client sends the token. The process prints `ready` when all clients are connected. It runs until its standard
input ends, then prints `ReceivedEvents` as one line of JSON.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
import uvloop


class ReceivedEvents(msgspec.Struct, frozen=True):
    """The event ids that each client received, in order, and the milliseconds from logging to arrival."""

    guests: list[list[int]]
    members: list[list[int]]
    took_ms: list[float]


async def _listen(
    host: str, port: int, token: str, connected: asyncio.Event, ids: list[int], took_ms: list[float]
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request_of(host, port, token))
    await follow(reader, connected, ids, took_ms)


def request_of(host: str, port: int, token: str) -> bytes:
    """Return the request for the event stream. A client without a token is a guest."""
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    return f"GET /api/v1/events HTTP/1.1\r\nhost: {host}:{port}\r\n{authorization}\r\n".encode()


async def follow(
    reader: asyncio.StreamReader,
    connected: asyncio.Event,
    ids: list[int],
    took_ms: list[float],
    now: Callable[[], float] = time.time,
) -> None:
    """Read a stream to its end. Set `connected` after the first comment, and add the ids and times of measurement events."""
    event_id = 0
    while line := await reader.readline():
        if line.startswith(b":"):
            connected.set()
        elif line.startswith(b"id: "):
            event_id = int(line[4:])
        elif line.startswith(b"data: ") and b'"logged_at"' in line:
            took_ms.append((now() - msgspec.json.decode(line[6:])["logged_at"]) * 1000)
            ids.append(event_id)


def tokens_of(clients: int, token: str = "") -> list[str]:
    """Return the token of each client. Every second client has no token."""
    return [token if number % 2 else "" for number in range(clients)]


async def main() -> None:
    host, port, clients, *token = sys.argv[1:]
    tokens = tokens_of(int(clients), *token)
    connected = [asyncio.Event() for _ in tokens]
    ids: list[list[int]] = [[] for _ in tokens]
    took_ms: list[float] = []
    listening = [
        asyncio.create_task(_listen(host, int(port), client_token, event, got, took_ms))
        for client_token, event, got in zip(tokens, connected, ids, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in connected))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in listening:
        task.cancel()
    sys.stdout.write(msgspec.json.encode(received_events(tokens, ids, took_ms)).decode() + "\n")


def received_events(tokens: Sequence[str], ids: Sequence[list[int]], took_ms: list[float]) -> ReceivedEvents:
    """Group the received ids by client, and the clients by guests and members. Clients without a token are guests."""
    return ReceivedEvents(
        [got for got, token in zip(ids, tokens, strict=True) if not token],
        [got for got, token in zip(ids, tokens, strict=True) if token],
        took_ms,
    )


if __name__ == "__main__":
    uvloop.run(main())
