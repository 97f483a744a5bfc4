"""The listeners of the web server: for this machine from the start, for the local network after the site is set up."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import structlog
import uvicorn
from litestar import Litestar

from appliance.community.accounts import queries
from appliance.community.accounts.events import SiteSetUp
from appliance.community.accounts.permissions import ADMINISTRATORS
from appliance.errors import ApplianceError
from appliance.infrastructure.certificates import Served
from appliance.infrastructure.event_hub import EventHub, Reset
from server.bootstrap import Appliance
from server.http.connections import (
    HeaderlessConnections,
    TimedProtocol,
    TlsAcceptor,
    raise_descriptor_limit,
    timed_protocol,
)
from server.http.disconnects import ClientErrorFilter
from server.http.host_header import requiring_one_host

LOOPBACK = "127.0.0.1"
LOOPBACKS = (LOOPBACK, "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - serves the local network
GRACE_S = 3
CERTIFICATE_CHECK_S = 60.0
_log = structlog.get_logger()


class _Listener(uvicorn.Server):
    """One of several uvicorn servers of an application. It ignores signals, because `Listeners` handles them."""

    def __init__(
        self, config: uvicorn.Config, headerless: HeaderlessConnections, protocol: type[TimedProtocol]
    ) -> None:
        super().__init__(config)
        self.is_started = asyncio.Event()
        self._headerless, self._protocol = headerless, protocol

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.is_ssl:
            await self._accept_over_tls(sockets or [])
        else:
            await super().startup(sockets)
        self.is_started.set()

    async def _accept_over_tls(self, sockets: list[socket.socket]) -> None:
        """Start like uvicorn, but with `TlsAcceptor`. The listener for plain HTTP has already started the application."""
        config = self.config
        protocol = partial(self._protocol, config=config, server_state=self.server_state, app_state=self.lifespan.state)
        self.servers: list[Any] = []
        for listening in sockets:
            listening.listen(config.backlog)
            listening.settimeout(0)
            self.servers.append(TlsAcceptor(listening, config.ssl, protocol, self._headerless))
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listeners:
    """All listeners of one application."""

    def __init__(
        self, app: Litestar, appliance: Appliance, *, certificate_check_s: float = CERTIFICATE_CHECK_S
    ) -> None:
        """`certificate_check_s` is the time between two checks for a renewed certificate."""
        self._app, self._appliance, self._certificate_check_s = app, appliance, certificate_check_s
        self._running: dict[asyncio.Task[None], _Listener] = {}
        self._secure: list[_Listener] = []
        self._headerless = HeaderlessConnections()
        self._protocol = timed_protocol(self._headerless)
        self._stop_requested = asyncio.Event()

    async def run(self, on_ready: Callable[[], None], on_open: Callable[[], None]) -> None:
        """Serve until this process gets SIGINT or SIGTERM.

        `on_ready` is called when this machine can connect, `on_open` when other machines can connect.
        """
        raise_descriptor_limit()
        logging.getLogger("uvicorn.error").addFilter(ClientErrorFilter())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop_requested.set)
        settings = self._appliance.settings
        await self._listen(settings.host if settings.host in LOOPBACKS else LOOPBACK, settings.port, lifespan="on")
        on_ready()
        opening = asyncio.create_task(self._open_when_set_up(on_open))
        await asyncio.wait(
            {asyncio.create_task(self._stop_requested.wait()), *self._running}, return_when="FIRST_COMPLETED"
        )
        opening.cancel()
        self._app.state.hub.close()
        # The first listener runs the lifespan of the application, so it stops last.
        for listener in reversed(self._running.values()):
            listener.should_exit = True
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _open_when_set_up(self, on_open: Callable[[], None]) -> None:
        settings = self._appliance.settings
        if settings.host in LOOPBACKS:
            return
        try:
            await self._await_set_up()
            served = await asyncio.to_thread(self._appliance.certificate.served)
        except ApplianceError as error:
            _log.error("not listening for other machines", reason=str(error))
            return
        for address in (settings.host,) if settings.host else EVERYWHERE:
            try:
                await self._listen(address, settings.port)
                if address == (settings.host or EVERYWHERE[0]):
                    check_port_is_free(address, settings.https_port)
                self._secure.append(await self._listen(address, settings.https_port, served=served))
            except OSError as error:
                # This machine has no IPv6, or the port is in use. The other listeners keep working.
                _log.warning("not listening", address=address, reason=str(error))
        if self._secure:
            on_open()
            await self._renew(served)

    async def _await_set_up(self) -> None:
        database = self._appliance.appliance_db
        hub: EventHub = self._app.state.hub
        last = hub.newest
        if await asyncio.to_thread(queries.is_set_up, database):
            return
        async for event in hub.follow(last, frozenset({ADMINISTRATORS})):
            may_be_set_up = isinstance(event, Reset) or event.is_a(SiteSetUp)
            if may_be_set_up and await asyncio.to_thread(queries.is_set_up, database):
                return

    async def _renew(self, served: Served) -> None:
        """Use a renewed certificate for new connections."""
        loaded_mtime = served.certificate.stat().st_mtime_ns
        while True:
            await asyncio.sleep(self._certificate_check_s)
            try:
                served = await asyncio.to_thread(self._appliance.certificate.served)
                if (mtime := served.certificate.stat().st_mtime_ns) != loaded_mtime:
                    self._load_certificate(served)
                    loaded_mtime = mtime
            except (ApplianceError, OSError) as error:
                # The certificate file may be incomplete now. The next check tries again.
                _log.error("the certificate cannot be renewed", reason=str(error))

    def _load_certificate(self, served: Served) -> None:
        for listener in self._secure:
            assert listener.config.ssl is not None  # noqa: S101 - a listener for TLS has a certificate
            listener.config.ssl.load_cert_chain(served.certificate, served.key)

    async def _listen(
        self, address: str, port: int, *, served: Served | None = None, lifespan: Any = "off"
    ) -> _Listener:
        """Start a listener. Raises OSError if the address cannot be used."""
        config = uvicorn.Config(
            requiring_one_host(self._app),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan=lifespan,
            timeout_graceful_shutdown=GRACE_S,
            proxy_headers=False,
            http=self._protocol,
            ssl_certfile=served.certificate if served else None,
            ssl_keyfile=served.key if served else None,
        )
        listener = _Listener(config, self._headerless, self._protocol)
        task = asyncio.create_task(listener.serve(sockets=[bound_socket(address, port)]))
        self._running[task] = listener
        await asyncio.wait({task, asyncio.create_task(listener.is_started.wait())}, return_when="FIRST_COMPLETED")
        if task.done() and (error := task.exception()):
            self._running.pop(task)
            raise OSError(str(error)) from error
        return listener


def check_port_is_free(address: str, port: int) -> None:
    """Raise OSError if another program listens on the port. Without this check, another Lampstand would share the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def bound_socket(address: str, port: int) -> socket.socket:
    """Bind a socket with a reusable port: this process binds the loopback address first, and all addresses later."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
