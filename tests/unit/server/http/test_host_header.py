"""The Host header."""

import asyncio
from typing import Any

import msgspec
import pytest

from server.http.host_header import has_one_host, requiring_one_host

GOOD = [b"localhost", b"127.0.0.1:8316", b"[::1]:8316", b"[fe80::1]", b"lamp-stand_2.local", b"LAMP.local:80"]
BAD = [
    b"",
    b" ",
    b"a b",
    b"a,b",
    b"a/b",
    b"u@a",
    b"[",
    b"a]",
    b"[::1",
    b"::1",
    b"a:",
    b"a:123456",
    b"a:b",
    b"\xff",
    b"a\0",
    b"a:1:2",
    b"[fe80::1%eth0]",
    b"a" * 300,
    b"http://a",
    b"a?b",
    b"a#b",
    b"<b>",
]


@pytest.mark.parametrize("host", GOOD)
def test_names_and_addresses_are_hosts(host: bytes) -> None:
    assert has_one_host([(b"accept", b"*/*"), (b"host", host)])


@pytest.mark.parametrize("host", BAD)
def test_other_values_are_not_hosts(host: bytes) -> None:
    assert not has_one_host([(b"host", host)])


def test_exactly_one_host_header_is_required() -> None:
    assert not has_one_host([])
    assert not has_one_host([(b"host", b"a"), (b"host", b"a")])
    assert not has_one_host([(b"host", b"a"), (b"Host", b"b")])


def answers_of(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that are sent for a request; `reached` if the application gets it."""
    sent: list[dict[str, Any]] = []

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "reached"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(requiring_one_host(application)(scope, None, send))  # type: ignore[arg-type]
    return sent


def test_valid_requests_and_lifespan_events_reach_the_application() -> None:
    for scope in (
        {"type": "lifespan"},
        {"type": "http", "headers": [(b"host", b"a")]},
        {"type": "websocket", "headers": [(b"host", b"[::1]:80")]},
    ):
        assert [{"type": "reached"}] == answers_of(scope)


def test_invalid_requests_get_400() -> None:
    start, body = answers_of({"type": "http", "headers": []})
    assert 400 == start["status"]
    assert "Host header" in msgspec.json.decode(body["body"])["detail"]

    extensions: dict[str, Any] = {"websocket.http.response": {}}
    start, _body = answers_of({"type": "websocket", "headers": [], "extensions": extensions})
    assert 400 == start["status"]

    (closed,) = answers_of({"type": "websocket", "headers": []})
    assert "websocket.close" == closed["type"]
