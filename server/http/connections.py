"""Connections that keep a server waiting: half a header, half a body, an answer that is not read, an endless handshake.

A device may have 64 connections without a whole request header. When it opens more, its oldest such connection is closed,
so that a new one always gets through. A connection that is kept alive between two requests does not count.
"""

import asyncio
import resource
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from appliance.infrastructure.networks import OWN_LINKS

MAX_WITHOUT_HEADER, MAX_HEADER_BYTES = 64, 65_536
# Of all devices together: a device of IPv6 can take any number of addresses on a link that this machine is part of.
MAX_OF_ALL = 4_096
HEADER_S, BODY_PAUSE_S, BODY_S, WRITE_PAUSE_S = 10.0, 10.0, 120.0, 30.0
# Two hundred phones behind one address may connect at the same moment: the headers that they have sent are read first.
BURST_S = 0.25
ACCEPT_PAUSE_S = 0.5
DESCRIPTORS = 65_536

Close = Callable[[], object]


def raise_descriptor_limit(target: int = DESCRIPTORS) -> int:
    """Let this process hold more files and connections, as far as the machine allows; the limit from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = target if hard == resource.RLIM_INFINITY else min(target, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


class Headless:
    """The connections of all listeners that have not sent a whole request header yet, by device, the oldest first."""

    def __init__(
        self,
        most: int = MAX_WITHOUT_HEADER,
        most_of_all: int = MAX_OF_ALL,
        header_s: float = HEADER_S,
        burst_s: float = BURST_S,
    ) -> None:
        self._most, self._most_of_all, self._header_s, self._burst_s = most, most_of_all, header_s, burst_s
        self._over: set[str] = set()
        self._by_device: dict[str, OrderedDict[object, tuple[Close, asyncio.TimerHandle]]] = {}
        self._count = 0

    def add(self, connection: object, device: str, close: Close) -> None:
        """Count a connection until `remove`; `close` is called when its time is over or there are too many."""
        connections = self._by_device.setdefault(device, OrderedDict())
        if connection in connections:
            return
        timer = asyncio.get_running_loop().call_later(self._header_s, self._end, connection, device)
        connections[connection] = close, timer
        self._count += 1
        if len(connections) > self._most and device not in self._over:
            self._over.add(device)
            asyncio.get_running_loop().call_later(self._burst_s, self._end_excess, device)
        if self._count > self._most_of_all:
            self._end_oldest(max(self._by_device, key=self.count))

    def remove(self, connection: object, device: str) -> None:
        """Count a connection no longer, because its header is whole or it is gone."""
        if entry := self._take(connection, device):
            entry[1].cancel()

    def count(self, device: str) -> int:
        """The number of connections of a device without a whole header."""
        return len(self._by_device.get(device, ()))

    def _end_excess(self, device: str) -> None:
        self._over.discard(device)
        while self.count(device) > self._most:
            self._end_oldest(device)

    def _end_oldest(self, device: str) -> None:
        self._end(next(iter(self._by_device[device])), device)

    def _end(self, connection: object, device: str) -> None:
        if entry := self._take(connection, device):
            entry[1].cancel()
            entry[0]()

    def _take(self, connection: object, device: str) -> tuple[Close, asyncio.TimerHandle] | None:
        connections = self._by_device.get(device, OrderedDict())
        entry = connections.pop(connection, None)
        self._count -= entry is not None
        if not connections:
            self._by_device.pop(device, None)
        return entry


class HeaderTooLarge(ValueError):
    """A request header has more bytes than any client needs; httptools answers it with 400."""


class TimedProtocol(HttpToolsProtocol):
    """HTTP by uvicorn, which closes a connection whose client does not send a header or body, or read an answer, in time."""

    headless: ClassVar[Headless]
    body_pause_s: ClassVar[float] = BODY_PAUSE_S
    write_pause_s: ClassVar[float] = WRITE_PAUSE_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._device = OWN_LINKS.caller(self.client[0]).device if self.client else ""
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._in_body = False
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self.headless.remove(self, self._device)
        self._stop_body_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None and not self._in_body:
            # Also a blank line ends the time of a kept-alive connection, though no request has begun.
            self._await_header()
        super().data_received(data)
        self._header_bytes += len(data)
        if self._awaits_header and self._header_bytes > MAX_HEADER_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.cycle is None or self.cycle.response_complete:
            self._await_header()
        # Otherwise it is pipelined behind a request in progress, whose client is not waited for.

    def on_headers_complete(self) -> None:
        self.headless.remove(self, self._device)
        # A request can be answered before its body is whole: the rest of the body is no header.
        self._awaits_header, self._in_body = False, True
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
            raise HeaderTooLarge
        self._body_deadline = self.loop.time() + BODY_S
        self._start_body_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._start_body_timer()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_body_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Called by the transport when the client reads more slowly than the answer is written."""
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        """Called by the transport when the client has read enough."""
        self._stop_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without a further request, also one whose last answer is never read."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.write_pause_s, self.transport.abort)

    def _await_header(self) -> None:
        self._awaits_header, self._header_bytes = True, 0
        self.headless.add(self, self._device, self.transport.abort)

    def _start_body_timer(self) -> None:
        self._stop_body_timer()
        wait_s = min(self.body_pause_s, self._body_deadline - self.loop.time())
        self._body_timer = self.loop.call_later(max(wait_s, 0.0), self._body_is_late)

    def _stop_body_timer(self) -> None:
        if self._body_timer:
            self._body_timer.cancel()
            self._body_timer = None

    def _body_is_late(self) -> None:
        if self.flow.read_paused:
            # This server does not read what the client sends, so the client has all its time again.
            self._body_deadline = self.loop.time() + BODY_S
            self._start_body_timer()
        else:
            self.transport.abort()

    def _start_write_timer(self) -> None:
        self._stop_write_timer()
        self._unread = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(self.write_pause_s, self._reading_is_late)

    def _stop_write_timer(self) -> None:
        if self._write_timer:
            self._write_timer.cancel()
            self._write_timer = None

    def _reading_is_late(self) -> None:
        if self.transport.get_write_buffer_size() < self._unread:
            self._start_write_timer()
        else:
            self.transport.abort()


def timed_protocol(headless: Headless) -> type[TimedProtocol]:
    """The protocol of listeners that count their connections together."""
    return type("CountedProtocol", (TimedProtocol,), {"headless": headless})


class TlsAcceptor:
    """Accepts TLS connections on a socket, counting those whose handshake is not done yet.

    Like a server of asyncio, which says nothing about a connection before its handshake ends.
    """

    def __init__(self, socket: Any, ssl: Any, protocol: Callable[[], asyncio.Protocol], headless: Headless) -> None:
        self._socket, self._ssl, self._protocol, self._headless = socket, ssl, protocol, headless
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Accept nothing more; open connections stay."""
        self._accepting.cancel()
        for task in self._handshakes:
            task.cancel()

    async def wait_closed(self) -> None:
        """Return once nothing is accepted any more."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, (address, *_) = await loop.sock_accept(self._socket)
            except OSError:
                # Such as too many open files: connections wait in the kernel until some are closed.
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            task = asyncio.create_task(self._shake_hands(connection))
            self._handshakes.add(task)
            device = OWN_LINKS.caller(address).device
            self._headless.add(task, device, task.cancel)
            task.add_done_callback(partial(self._done, device))

    async def _shake_hands(self, connection: Any) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection, ssl=self._ssl, ssl_handshake_timeout=HEADER_S
            )
        except OSError:
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    def _done(self, address: str, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        self._headless.remove(task, address)
