"""Limits for slow connections: an incomplete header or body, an answer that the client does not read, a slow TLS handshake.

A device can have at most 64 connections with an incomplete request header. If the device opens another connection, the server
closes the oldest of the 64, so that a new connection always works. A kept-alive connection between two requests does not count.
"""

import asyncio
import resource
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from appliance.infrastructure.networks import OWN_LINKS

MAX_PER_DEVICE, MAX_HEADER_BYTES = 64, 65_536
# The limit for all devices together. It is needed because an IPv6 device on the same link can use any number of addresses.
MAX_TOTAL = 4_096
HEADER_S, BODY_PAUSE_S, BODY_S, WRITE_PAUSE_S = 10.0, 10.0, 120.0, 30.0
# Two hundred phones behind one address may connect at the same moment. This delay gives the server time to read their headers.
BURST_S = 0.25
ACCEPT_PAUSE_S = 0.5
DESCRIPTORS = 65_536

Close = Callable[[], object]


def raise_descriptor_limit(target: int = DESCRIPTORS) -> int:
    """Allow this process more open files and connections, as far as the system permits. Returns the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    new_limit = target if hard == resource.RLIM_INFINITY else min(target, hard)
    if soft == resource.RLIM_INFINITY or soft >= new_limit:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (new_limit, hard))
    return new_limit


class HeaderlessConnections:
    """The connections with an incomplete request header, of all listeners, by device, the oldest first."""

    def __init__(
        self,
        max_per_device: int = MAX_PER_DEVICE,
        max_total: int = MAX_TOTAL,
        header_s: float = HEADER_S,
        burst_s: float = BURST_S,
    ) -> None:
        self._max_per_device, self._max_total, self._header_s, self._burst_s = (
            max_per_device,
            max_total,
            header_s,
            burst_s,
        )
        self._devices_over_limit: set[str] = set()
        self._by_device: dict[str, OrderedDict[object, tuple[Close, asyncio.TimerHandle]]] = {}
        self._count = 0

    def add(self, connection: object, device: str, close: Close) -> None:
        """Count a connection until `remove`. `close` is called after the connection's time limit, or if there are too many."""
        connections = self._by_device.setdefault(device, OrderedDict())
        if connection in connections:
            return
        timer = asyncio.get_running_loop().call_later(self._header_s, self._close, connection, device)
        connections[connection] = close, timer
        self._count += 1
        if len(connections) > self._max_per_device and device not in self._devices_over_limit:
            self._devices_over_limit.add(device)
            asyncio.get_running_loop().call_later(self._burst_s, self._close_excess, device)
        if self._count > self._max_total:
            self._close_oldest(max(self._by_device, key=self.count))

    def remove(self, connection: object, device: str) -> None:
        """Stop counting a connection, because its header is complete or the connection is closed."""
        if entry := self._take(connection, device):
            entry[1].cancel()

    def count(self, device: str) -> int:
        """The number of connections of a device with an incomplete header."""
        return len(self._by_device.get(device, ()))

    def _close_excess(self, device: str) -> None:
        self._devices_over_limit.discard(device)
        while self.count(device) > self._max_per_device:
            self._close_oldest(device)

    def _close_oldest(self, device: str) -> None:
        self._close(next(iter(self._by_device[device])), device)

    def _close(self, connection: object, device: str) -> None:
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
    """A request header is too large; httptools answers it with 400."""


class TimedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol with time limits for sending the header, sending the body and reading the answer."""

    headerless: ClassVar[HeaderlessConnections]
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
        self.headerless.remove(self, self._device)
        self._stop_body_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None and not self._in_body:
            # Even a blank line ends the keep-alive timer, although no request has begun. So start the header timer.
            self._await_header()
        super().data_received(data)
        self._header_bytes += len(data)
        if self._awaits_header and self._header_bytes > MAX_HEADER_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.cycle is None or self.cycle.response_complete:
            self._await_header()
        # Otherwise, an earlier request is still in progress (pipelining), so the server is not waiting for this client.

    def on_headers_complete(self) -> None:
        self.headerless.remove(self, self._device)
        # A request can be answered before its body is complete. The rest of the body is not a header.
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
        """Called by the transport when the client reads more slowly than the server writes."""
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        """Called by the transport when the client has read enough."""
        self._stop_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has sent no other request, even if the client never reads the last answer."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.write_pause_s, self.transport.abort)

    def _await_header(self) -> None:
        self._awaits_header, self._header_bytes = True, 0
        self.headerless.add(self, self._device, self.transport.abort)

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
            # The server has paused reading, so the client is not late. The time limit of the client starts again.
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


def timed_protocol(headerless: HeaderlessConnections) -> type[TimedProtocol]:
    """Return a protocol class for listeners. They share one count of connections."""
    return type("CountedProtocol", (TimedProtocol,), {"headerless": headerless})


class TlsAcceptor:
    """Accepts TLS connections on a socket, and counts connections with an incomplete handshake.

    It replaces an asyncio server, which does not report a connection before the TLS handshake ends.
    """

    def __init__(
        self, socket: Any, ssl: Any, protocol: Callable[[], asyncio.Protocol], headerless: HeaderlessConnections
    ) -> None:
        self._socket, self._ssl, self._protocol, self._headerless = socket, ssl, protocol, headerless
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Stop accepting connections. Open connections stay open."""
        self._accepting.cancel()
        for task in self._handshakes:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until no more connections are accepted."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, (address, *_) = await loop.sock_accept(self._socket)
            except OSError:
                # For example, too many open files: new connections wait in the kernel until others are closed.
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            task = asyncio.create_task(self._shake_hands(connection))
            self._handshakes.add(task)
            device = OWN_LINKS.caller(address).device
            self._headerless.add(task, device, task.cancel)
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
        self._headerless.remove(task, address)
