"""Clients of an event stream in a separate process. They use little processor time.

    python -m server.benchmarks.listeners HOST PORT CLIENTS [TOKEN]

Every second client sends the token. The process prints `ready` when all clients are connected. It runs until its standard
input ends, then prints `ReceivedEvents` as one line of JSON.
"""

import asyncio
import sys
import time

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
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nhost: {host}:{port}\r\n{authorization}\r\n".encode())
    event_id = 0
    while line := await reader.readline():
        if line.startswith(b":"):
            connected.set()
        elif line.startswith(b"id: "):
            event_id = int(line[4:])
        elif line.startswith(b"data: ") and b'"logged_at"' in line:
            took_ms.append((time.time() - msgspec.json.decode(line[6:])["logged_at"]) * 1000)
            ids.append(event_id)


async def main() -> None:
    host, port, clients, *token = sys.argv[1:]
    tokens = [token[0] if token and number % 2 else "" for number in range(int(clients))]
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
    received = ReceivedEvents(
        [got for got, client_token in zip(ids, tokens, strict=True) if not client_token],
        [got for got, client_token in zip(ids, tokens, strict=True) if client_token],
        took_ms,
    )
    sys.stdout.write(msgspec.json.encode(received).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main())
