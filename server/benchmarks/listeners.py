"""Clients of an event stream in a process of their own, as light as can be.

    python -m server.benchmarks.listeners HOST PORT CLIENTS [TOKEN]

Every second client shows the token. It prints `ready` once all are connected, then goes on until its standard input
ends; then one JSON line: for each client the ids it got, and for all the milliseconds from each event's saying to its
arrival.
"""

import asyncio
import sys
import time

import msgspec
import uvloop


class Heard(msgspec.Struct, frozen=True):
    """The ids each client got, in order; milliseconds that each event took to each client."""

    guests: list[list[int]]
    members: list[list[int]]
    took_ms: list[float]


async def _listen(host: str, port: int, token: str, begun: asyncio.Event, ids: list[int], took: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    shown = f"authorization: Bearer {token}\r\n" if token else ""
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nhost: {host}:{port}\r\n{shown}\r\n".encode())
    event_id = 0
    while line := await reader.readline():
        if line.startswith(b":"):
            begun.set()
        elif line.startswith(b"id: "):
            event_id = int(line[4:])
        elif line.startswith(b"data: ") and b'"said_at"' in line:
            took.append((time.time() - msgspec.json.decode(line[6:])["said_at"]) * 1000)
            ids.append(event_id)


async def main() -> None:
    host, port, clients, *token = sys.argv[1:]
    shown = [token[0] if token and number % 2 else "" for number in range(int(clients))]
    begun = [asyncio.Event() for _ in shown]
    ids: list[list[int]] = [[] for _ in shown]
    took: list[float] = []
    listening = [
        asyncio.create_task(_listen(host, int(port), each, event, got, took))
        for each, event, got in zip(shown, begun, ids, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in begun))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in listening:
        task.cancel()
    heard = Heard(
        [got for got, each in zip(ids, shown, strict=True) if not each],
        [got for got, each in zip(ids, shown, strict=True) if each],
        took,
    )
    sys.stdout.write(msgspec.json.encode(heard).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main())
