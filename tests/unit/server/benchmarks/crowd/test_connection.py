"""The parts of HTTP that the measurement needs."""

import asyncio
import gzip

import pytest
from fakes.answering import answering

from server.benchmarks.crowd.connection import Connection, ConnectionLost, encode
from server.benchmarks.crowd.messages import Call
from server.http.access import COOKIE_LOCAL

HEAD = b"HTTP/1.1 200 OK\r\n"
ZIPPED = gzip.compress(b"In the beginning")


def get(answer: bytes) -> tuple[int, bytes, bool]:
    async def run() -> tuple[int, bytes, bool]:
        async def respond(_head: str) -> bytes:
            return answer

        async with answering(respond) as port:
            connection = await Connection.open("127.0.1.1", port)
            status = await connection.send(Call(path="/"))
            body = await connection.whole_body()
            connection.close()
            return status, body, connection.stays_open

    return asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 16\r\n\r\nIn the beginning",
        HEAD + b"transfer-encoding: chunked\r\n\r\n7\r\nIn the \r\n9\r\nbeginning\r\n0\r\n\r\n",
        HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED,
    ],
    ids=["length", "chunks", "gzip"],
)
def test_a_body_is_read_in_every_encoding(answer: bytes) -> None:
    assert (200, b"In the beginning", True) == get(answer)


def test_a_closing_server_is_detected() -> None:
    assert (429, b"", False) == get(b"HTTP/1.1 429 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


def test_a_closed_connection_is_lost() -> None:
    with pytest.raises(ConnectionLost):
        get(b"")


def test_a_request_contains_the_token_or_session() -> None:
    post_request = encode(Call(method="POST", path="/ask", body="{}", token="t", gzip=True), 80).decode()
    get_request = encode(Call(path="/events", session="s"), 80).decode()

    assert post_request.startswith("POST /ask HTTP/1.1\r\nhost: 127.0.0.1:80\r\n")
    assert post_request.endswith("content-length: 2\r\n\r\n{}")
    assert "\r\nauthorization: Bearer t\r\n" in post_request
    assert "\r\naccept-encoding: gzip\r\n" in post_request
    assert f"\r\ncookie: {COOKIE_LOCAL}=s\r\n" in get_request
    assert "authorization" not in get_request
