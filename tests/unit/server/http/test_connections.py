"""Connections with an incomplete request header are counted by address, and the oldest is closed first."""

import asyncio
import contextlib
import resource
import socket
import ssl
import time
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from appliance.infrastructure.certificates import ensure_certificates, today
from server.http.connections import (
    HeaderlessConnections,
    TimedProtocol,
    TlsAcceptor,
    raise_descriptor_limit,
    timed_protocol,
)


def test_the_oldest_connection_of_a_device_is_closed_when_it_has_too_many() -> None:
    async def crowd() -> None:
        headerless, closed, is_over = (
            HeaderlessConnections(max_per_device=3, burst_s=0.01),
            list[int](),
            asyncio.Event(),
        )

        def close(number: int) -> None:
            closed.append(number)
            if len(closed) == 2:
                is_over.set()

        for number in range(5):
            headerless.add(number, "10.0.0.1", partial(close, number))
        headerless.add("another", "10.0.0.2", partial(close, -1))

        await asyncio.wait_for(is_over.wait(), timeout=5)
        assert closed == [0, 1]
        assert (headerless.count("10.0.0.1"), headerless.count("10.0.0.2")) == (3, 1)

    uvloop.run(crowd())


def test_a_burst_of_real_clients_behind_one_address_is_served() -> None:
    async def phones() -> None:
        port = await Site().listen()

        async def read() -> bytes:
            return await first_line_of(await connect(port, REQUEST))

        answers = await asyncio.gather(*(read() for _ in range(200)))

        assert all(b"200" in answer for answer in answers)

    uvloop.run(phones())


def test_a_connection_with_a_complete_header_does_not_count() -> None:
    async def readers() -> None:
        headerless, closed = HeaderlessConnections(max_per_device=3), list[int]()
        for number in range(20):
            headerless.add(number, "10.0.0.1", partial(closed.append, number))
            headerless.remove(number, "10.0.0.1")

        assert closed == []
        assert headerless.count("10.0.0.1") == 0

    uvloop.run(readers())


def test_a_connection_is_closed_if_its_header_is_late() -> None:
    async def slow() -> None:
        headerless, closed = HeaderlessConnections(header_s=0.01), asyncio.Event()
        headerless.add("slow", "10.0.0.1", closed.set)
        # More bytes of the same header do not extend its time limit.
        headerless.add("slow", "10.0.0.1", closed.set)

        await asyncio.wait_for(closed.wait(), timeout=5)
        assert headerless.count("10.0.0.1") == 0

    uvloop.run(slow())


def test_the_descriptor_limit_is_raised_as_far_as_the_system_permits() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))

        assert raise_descriptor_limit(512) == 512
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, before[1])
        assert raise_descriptor_limit(128) == 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


LARGE = 64 * 2**20


async def greet(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads the request, then answers: at /large with a large body, at /refused immediately."""
    while scope["path"] != "/refused" and (await receive()).get("more_body"):
        pass
    body = b"o" * LARGE if scope["path"] == "/large" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Site:
    """A listener for plain HTTP and one for TLS, with short time limits."""

    def __init__(self, header_s: float = 10.0, body_pause_s: float = 10.0, write_pause_s: float = 10.0) -> None:
        self.headerless = HeaderlessConnections(max_per_device=3, header_s=header_s, burst_s=0.05)
        self._protocol = timed_protocol(self.headerless)
        self._protocol.body_pause_s, self._protocol.write_pause_s = body_pause_s, write_pause_s

    async def listen(self) -> int:
        server = await asyncio.get_running_loop().create_server(self._make, "127.0.0.1", 0, backlog=256)
        return int(server.sockets[0].getsockname()[1])

    async def listen_over_tls(self, folder: Path) -> int:
        served = ensure_certificates(folder, ["localhost"], [IPv4Address("127.0.0.1")], today())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(served.certificate, served.key)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(0)
        self.acceptor = TlsAcceptor(listening, context, self._make, self.headerless)
        return int(listening.getsockname()[1])

    def _make(self) -> TimedProtocol:
        return self._protocol(config=uvicorn.Config(greet), server_state=ServerState(), app_state={})


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def connect(port: int, sent: bytes = b"", **tls: Any) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**10, **tls)
    writer.write(sent)
    # Keep a reference: without the writer, the connection is closed.
    reader.writer = writer  # type: ignore[attr-defined]
    return reader


async def first_line_of(reader: asyncio.StreamReader) -> bytes:
    """The first line of the answer; empty if the connection was closed."""
    try:
        return await asyncio.wait_for(reader.readline(), timeout=10)
    except ConnectionError:
        return b""


def test_incomplete_headers_of_one_address_do_not_block_others() -> None:
    async def crowd() -> None:
        port = await Site().listen()
        halves = [await connect(port, b"GET / HTTP/1.1\r\nHost: local") for _ in range(6)]

        assert b"200" in await first_line_of(await connect(port, REQUEST))
        assert [await first_line_of(connection) for connection in halves[:3]] == [b""] * 3

    uvloop.run(crowd())


def test_a_kept_alive_connection_is_not_closed_for_newer_ones() -> None:
    async def readers() -> None:
        port = await Site().listen()
        kept = await connect(port, REQUEST)
        assert b"200" in await first_line_of(kept)
        await kept.readuntil(b"ok")
        for _ in range(6):
            await connect(port)

        kept.writer.write(REQUEST)  # type: ignore[attr-defined]
        assert b"200" in await first_line_of(kept)

    uvloop.run(readers())


def test_a_late_header_or_body_closes_the_connection() -> None:
    async def slow() -> None:
        port = await Site(header_s=0.05, body_pause_s=0.05).listen()
        body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"

        assert await first_line_of(await connect(port, body)) == b""
        assert await first_line_of(await connect(port, REQUEST[:-2])) == b""
        assert await first_line_of(await connect(port)) == b""

    uvloop.run(slow())


def test_a_blank_line_does_not_keep_a_connection_open() -> None:
    async def idle() -> None:
        port = await Site(header_s=0.05).listen()
        kept = await connect(port, REQUEST)
        await kept.readuntil(b"ok")
        kept.writer.write(b"\r\n")  # type: ignore[attr-defined]

        assert await first_line_of(kept) == b""

    uvloop.run(idle())


@pytest.mark.parametrize(
    "header", [b"a:\r\n" * 500_000, b"X-Long: " + b"a" * 2**21, b"X-Long: " + b"a" * 80_000 + b"\r\n\r\n"]
)
def test_an_endless_header_is_refused(header: bytes) -> None:
    async def endless() -> None:
        port = await Site().listen()
        line = await first_line_of(await connect(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + header))

        assert line == b"" or b"400" in line

    uvloop.run(endless())


def test_an_endless_url_is_refused() -> None:
    async def endless() -> None:
        port = await Site().listen()
        line = await first_line_of(await connect(port, b"GET /" + b"a" * 2**22))

        assert line == b"" or b"400" in line

    uvloop.run(endless())


def test_a_client_that_does_not_read_its_answer_is_disconnected() -> None:
    async def deaf() -> None:
        site = Site(write_pause_s=0.05)
        port = await site.listen()
        reader = await connect(port, REQUEST.replace(b"GET /", b"GET /large"))
        await asyncio.sleep(0.25)
        read = 0
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while chunk := await asyncio.wait_for(reader.read(2**20), timeout=10):
                read += len(chunk)

        assert read < LARGE

    uvloop.run(deaf())


def test_the_rest_of_a_refused_body_does_not_close_the_connection() -> None:
    async def sender() -> None:
        port = await Site().listen()
        head = b"POST /refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % 2**20
        client = await connect(port, head + b"x" * 2**10)
        assert b"200" in await first_line_of(client)
        await client.readuntil(b"ok")
        for _ in range(2**10 - 1):
            client.writer.write(b"x" * 2**10)  # type: ignore[attr-defined]
            await client.writer.drain()  # type: ignore[attr-defined]

        client.writer.write(REQUEST)  # type: ignore[attr-defined]
        assert b"200" in await first_line_of(client)

    uvloop.run(sender())


def test_a_body_after_an_unread_answer_uses_no_processor_time() -> None:
    async def deaf() -> None:
        site = Site(body_pause_s=0.01)
        port = await site.listen()
        pipelined = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
        await connect(port, REQUEST.replace(b"GET /", b"GET /large") + pipelined)
        before = time.process_time()
        await asyncio.sleep(0.4)

        assert time.process_time() - before < 0.2

    uvloop.run(deaf())


def test_all_devices_together_have_a_limit() -> None:
    async def neighbours() -> None:
        headerless, closed = HeaderlessConnections(max_per_device=3, max_total=5), list[tuple[int, int]]()
        for device in range(3):
            for number in range(device + 1):
                key = device, number
                headerless.add(key, str(device), partial(closed.append, key))

        assert closed == [(2, 0)]

    uvloop.run(neighbours())


def test_endless_handshakes_do_not_block_others(tmp_path: Path) -> None:
    async def crowd() -> None:
        site = Site()
        port = await site.listen_over_tls(tmp_path)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        silent = [await connect(port) for _ in range(6)]

        assert b"200" in await first_line_of(await connect(port, REQUEST, ssl=trusting))
        assert [await first_line_of(connection) for connection in silent[:3]] == [b""] * 3
        assert site.headerless.count("127.0.0.1") <= 3
        site.acceptor.close()
        await site.acceptor.wait_closed()

    uvloop.run(crowd())
