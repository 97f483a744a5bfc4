"""Complete answers are compressed; streams and small answers are not."""

import asyncio
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from litestar.types import ASGIApp

from server.http.compression import IN_PLACE_BYTES, MIN_BYTES, accepts_gzip, compressing_in


def answer(app: ASGIApp, scope: Any, receive: Any, send: Any) -> None:
    """Run an application whose answers are compressed."""

    async def compressed(threads: ThreadPoolExecutor) -> None:
        await compressing_in(threads)(app)(scope, receive, send)

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(compressed(threads))


def answer_of(
    *bodies: bytes, accept: bytes = b"gzip, br", has_length: bool = True
) -> tuple[dict[str, str], list[bytes]]:
    """The headers and bodies that a client gets when the application sends `bodies`."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        length = [(b"content-length", str(sum(map(len, bodies))).encode())] if has_length else []
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *length]}
        )
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Any = {"type": "http", "headers": [(b"accept-encoding", accept)]}
    answer(app, scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return headers, [message["body"] for message in sent[1:]]


@pytest.mark.parametrize("length", [MIN_BYTES, IN_PLACE_BYTES * 4])
def test_a_compressed_answer_has_its_length(length: int) -> None:
    body = (json.dumps(list(range(length))).encode())[:length]

    headers, (sent,) = answer_of(body)

    assert gzip.decompress(sent) == body
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(sent)))
    assert headers["vary"] == "Accept-Encoding"


def test_a_stream_is_sent_uncompressed_and_without_delay() -> None:
    pieces = [b"data: 1\n\n" * 500, b"data: 2\n\n" * 500, b""]

    headers, sent = answer_of(*pieces, has_length=False)

    assert sent == pieces
    assert "content-encoding" not in headers


def test_small_answers_and_answers_for_clients_without_gzip_are_not_compressed() -> None:
    assert answer_of(b"short")[1] == [b"short"]
    assert answer_of(b"a" * MIN_BYTES, accept=b"identity")[1] == [b"a" * MIN_BYTES]


def test_a_file_sent_in_pieces_is_compressed() -> None:
    headers, (sent,) = answer_of(b"a" * 5_000, b"b" * 5_000, b"")

    assert gzip.decompress(sent) == b"a" * 5_000 + b"b" * 5_000
    assert headers["content-length"] == str(len(sent))


def test_the_start_of_a_stream_is_sent_before_its_first_event() -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        assert [message["type"] for message in sent] == ["http.response.start"]

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("Nothing is read.")

    scope: Any = {"type": "http", "headers": [(b"accept-encoding", b"gzip")]}
    answer(app, scope, receive, send)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("xgzip", False),
        ("", False),
    ],
)
def test_accept_encoding_headers_that_accept_gzip(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
