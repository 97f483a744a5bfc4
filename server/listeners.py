"""Where the web server listens: this machine from the start; the local network, over HTTP and HTTPS, once it is set up."""

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
from server.http.connections import Headless, TimedProtocol, TlsAcceptor, raise_descriptor_limit, timed_protocol
from server.http.departures import ClientFaults
from server.http.host_header import requiring_one_host

LOOPBACK = "127.0.0.1"
LOOPBACKS = (LOOPBACK, "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what answering the local network means
GRACE_S = 3
LOOK_AT_CERTIFICATES_S = 60.0
_log = structlog.get_logger()


class _Listener(uvicorn.Server):
    """A server among several of one application: signals go to all of them, so to none by itself."""

    def __init__(self, config: uvicorn.Config, headless: Headless, protocol: type[TimedProtocol]) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()
        self._headless, self._protocol = headless, protocol

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.is_ssl:
            await self._accept_over_tls(sockets or [])
        else:
            await super().startup(sockets)
        self.begun.set()

    async def _accept_over_tls(self, sockets: list[socket.socket]) -> None:
        """Start as uvicorn does, with our own acceptor. The listener of plain HTTP has started the application already."""
        config = self.config
        protocol = partial(self._protocol, config=config, server_state=self.server_state, app_state=self.lifespan.state)
        self.servers: list[Any] = []
        for each in sockets:
            each.listen(config.backlog)
            each.settimeout(0)
            self.servers.append(TlsAcceptor(each, config.ssl, protocol, self._headless))
        self.started = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listeners:
    """The servers of one application."""

    def __init__(self, app: Litestar, appliance: Appliance) -> None:
        self._app, self._appliance = app, appliance
        self._running: dict[asyncio.Task[None], _Listener] = {}
        self._secure: list[_Listener] = []
        self._headless = Headless()
        self._protocol = timed_protocol(self._headless)
        self._ending = asyncio.Event()

    async def run(self, on_ready: Callable[[], None], on_open: Callable[[], None]) -> None:
        """Serve until this process is asked to end.

        `on_ready` is called once this machine is answered, `on_open` once others are.
        """
        raise_descriptor_limit()
        logging.getLogger("uvicorn.error").addFilter(ClientFaults())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ending.set)
        settings = self._appliance.settings
        await self._listen(settings.host if settings.host in LOOPBACKS else LOOPBACK, settings.port, lifespan="on")
        on_ready()
        opening = asyncio.create_task(self._open_when_set_up(on_open))
        await asyncio.wait({asyncio.create_task(self._ending.wait()), *self._running}, return_when="FIRST_COMPLETED")
        opening.cancel()
        self._app.state.hub.close()
        # The first holds the application's life: it ends last.
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
            _log.error("other machines are not answered", reason=str(error))
            return
        for address in (settings.host,) if settings.host else EVERYWHERE:
            try:
                await self._listen(address, settings.port)
                if address == (settings.host or EVERYWHERE[0]):
                    _refuse_taken(address, settings.https_port)
                self._secure.append(await self._listen(address, settings.https_port, served=served))
            except OSError as error:
                # Without IPv6 there is the other; a port in use is said, and this machine is answered all the same.
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
        """Serve a renewed certificate to whoever connects from then on."""
        changed = served.certificate.stat().st_mtime_ns
        while True:
            await asyncio.sleep(LOOK_AT_CERTIFICATES_S)
            try:
                served = await asyncio.to_thread(self._appliance.certificate.served)
            except (ApplianceError, OSError) as error:
                _log.error("the certificate is not looked after", reason=str(error))
                continue
            if (now := served.certificate.stat().st_mtime_ns) != changed:
                changed = now
                for listener in self._secure:
                    assert listener.config.ssl is not None  # noqa: S101 - it was made with a certificate
                    listener.config.ssl.load_cert_chain(served.certificate, served.key)

    async def _listen(
        self, address: str, port: int, *, served: Served | None = None, lifespan: Any = "off"
    ) -> _Listener:
        """Raises OSError where the address cannot be had."""
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
        listener = _Listener(config, self._headless, self._protocol)
        task = asyncio.create_task(listener.serve(sockets=[_bound(address, port)]))
        self._running[task] = listener
        await asyncio.wait({task, asyncio.create_task(listener.begun.wait())}, return_when="FIRST_COMPLETED")
        if task.done() and (error := task.exception()):
            self._running.pop(task)
            raise OSError(str(error)) from error
        return listener


def _refuse_taken(address: str, port: int) -> None:
    """Raises OSError where another program, or another house of ours, listens there: the port is shared otherwise."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def _bound(address: str, port: int) -> socket.socket:
    """A socket that may lie beside one of ours: this machine's own address is bound before all of them are."""
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
