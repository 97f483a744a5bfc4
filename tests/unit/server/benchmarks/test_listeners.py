"""What the clients of an event stream send and record."""

import asyncio

import msgspec
import pytest

from server.benchmarks.listeners import ReceivedEvents, follow, received_events, request_of, tokens_of
from server.http.streaming import HEARTBEAT, frame

NOW = 1_800_000_000.0


def measured(event_id: int, logged_at: float) -> bytes:
    """An event of the measurement, as the server sends it."""
    return frame(event_id, "measurement", msgspec.json.encode({"logged_at": logged_at}))


def followed(*parts: bytes) -> tuple[bool, list[int], list[float]]:
    """Read a whole stream. Returns whether the client is connected, the ids, and the milliseconds."""

    async def run() -> tuple[bool, list[int], list[float]]:
        reader, connected = asyncio.StreamReader(), asyncio.Event()
        reader.feed_data(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + b"".join(parts))
        reader.feed_eof()
        ids: list[int] = []
        took_ms: list[float] = []
        await follow(reader, connected, ids, took_ms, now=lambda: NOW)
        return connected.is_set(), ids, took_ms

    return asyncio.run(run())


def test_a_client_is_connected_at_the_first_heartbeat() -> None:
    assert (True, [], []) == followed(HEARTBEAT)
    assert (False, [], []) == followed()


def test_the_ids_and_the_delays_of_events_are_recorded_in_order() -> None:
    connected, ids, took_ms = followed(HEARTBEAT, measured(7, NOW - 0.25), HEARTBEAT, measured(9, NOW - 2.0))

    assert (True, [7, 9]) == (connected, ids)
    assert pytest.approx([250.0, 2_000.0]) == took_ms


def test_other_events_are_ignored() -> None:
    other = frame(8, "job-queued", b'{"job":1}')

    assert [7, 9] == followed(HEARTBEAT, measured(7, NOW), other, measured(9, NOW))[1]


def test_an_event_that_arrives_twice_is_recorded_twice() -> None:
    assert [7, 7] == followed(measured(7, NOW), measured(7, NOW))[1]


def test_every_second_client_has_the_token() -> None:
    assert ["", "t", "", "t", ""] == tokens_of(5, "t")
    assert [""] == tokens_of(1, "t")


def test_without_a_token_all_clients_are_guests() -> None:
    assert ["", "", ""] == tokens_of(3)


def test_a_client_with_a_token_sends_it() -> None:
    member, guest = (request_of("127.0.0.1", 8316, token).decode().split("\r\n") for token in ("secret", ""))

    assert ["GET /api/v1/events HTTP/1.1", "host: 127.0.0.1:8316", "authorization: Bearer secret", "", ""] == member
    assert ["GET /api/v1/events HTTP/1.1", "host: 127.0.0.1:8316", "", ""] == guest


def test_the_ids_of_guests_and_members_are_reported_separately() -> None:
    received = received_events(["", "t", "", "t"], [[1], [1, 2], [3], []], [4.5])

    assert ReceivedEvents(guests=[[1], [3]], members=[[1, 2], []], took_ms=[4.5]) == received
