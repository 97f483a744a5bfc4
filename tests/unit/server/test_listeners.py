"""The listeners of the web server: who can connect before and after the set-up, with which certificate, and the end."""

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fakes.accounts import NOW
from fakes.serving import free_port
from litestar import Litestar, get

from appliance.community.accounts.operations import site_setup
from appliance.community.accounts.operations.people import NewAccount
from appliance.community.accounts.passwords import PasswordHash
from appliance.community.accounts.permissions import Role
from appliance.infrastructure.certificates import Served, as_der
from appliance.infrastructure.event_hub import EventHub
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.infrastructure.site_certificate import SiteCertificate
from server.bootstrap import Appliance
from server.listeners import Listeners, bound_socket, check_port_is_free

# Another address of this machine: the server treats it as it treats an address of the local network.
LOOPBACK, OTHER = "127.0.0.1", "127.0.0.2"
PATIENCE_S = 10


@get("/", sync_to_thread=False)
def page() -> str:
    return "A lamp shone."


class LogLines:
    """Collects the log lines of the listeners. `appeared` waits for the next line with an event."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    def __call__(self, _logger: object, _method: str, line: Any) -> Any:
        self.lines.append(dict(line))
        self._changed.set()
        raise structlog.DropEvent

    async def appeared(self, event: str) -> dict[str, Any]:
        while not (matching := [line for line in self.lines if line["event"] == event]):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE_S)
        return matching[0]


class Site:
    """A small application behind the listeners of a data folder."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.log = LogLines()
        structlog.configure(processors=[self.log])
        self.port, self.https_port = free_port(), free_port()
        all_settings = Settings(port=self.port, https_port=self.https_port, **settings)
        self.appliance = Appliance(DataFolder(home).create(), all_settings)
        self.app = Litestar([page], lifespan=[self._lifespan], openapi_config=None)
        self.app.state.hub = self.hub = EventHub(self.appliance.events)
        self.listeners = Listeners(self.app, self.appliance, certificate_check_s=0.01)
        self.is_ready, self.is_open = asyncio.Event(), asyncio.Event()
        self.has_ended = False

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Litestar) -> AsyncIterator[None]:
        await self.hub.begin()
        following = asyncio.create_task(self.hub.run())
        yield
        following.cancel()
        self.has_ended = True

    def set_up(self) -> None:
        """Create the administrator, without hashing a password."""
        account = NewAccount(name="Anna", login="anna", password_hash=PasswordHash(""), role=Role.ADMINISTRATOR)
        with self.appliance.appliance_db.write() as work:
            site_setup.create_administrator(work, account, now=NOW)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the end of the block, then send SIGTERM and wait for the end."""
        running = asyncio.create_task(self.listeners.run(self.is_ready.set, self.is_open.set))
        await asyncio.wait_for(self.is_ready.wait(), PATIENCE_S)
        try:
            yield
        finally:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(running, PATIENCE_S)
            self.appliance.close()

    async def opened(self) -> None:
        """Wait until other machines can connect."""
        await asyncio.wait_for(self.is_open.wait(), PATIENCE_S)

    async def status_at(self, host: str) -> int | None:
        """The status of the page at an address of this machine; None if nothing listens there."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            try:
                return (await client.get(f"http://{host}:{self.port}/")).status_code
            except httpx.ConnectError:
                return None

    async def certificate_at(self, host: str, authority: Path | None) -> bytes:
        """The certificate of the HTTPS listener. Raises SSLError if the authority has not signed it for this address."""
        context = ssl.create_default_context(cafile=authority)
        _reader, writer = await asyncio.open_connection(host, self.https_port, ssl=context)
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
        return certificate


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


@pytest.fixture(autouse=True)
def _same_process() -> Iterator[None]:
    """Serving raises the limit of open files and filters a log; both are reset."""
    limits, log = resource.getrlimit(resource.RLIMIT_NOFILE), logging.getLogger("uvicorn.error")
    filters = list(log.filters)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    log.filters[:] = filters


def test_other_machines_can_connect_only_after_the_set_up(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path, host=OTHER)
        async with site.running():
            before = await site.status_at(LOOPBACK), await site.status_at(OTHER)
            site.set_up()
            await site.opened()
            after = await site.status_at(LOOPBACK), await site.status_at(OTHER)
            served = site.appliance.certificate.served()

            assert ((200, None), (200, 200)) == (before, after)
            # The authority has signed it for this address.
            assert as_der(served.certificate) == await site.certificate_at(OTHER, served.authority)

    run(visit)


def test_a_signal_ends_event_streams_and_then_the_application(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path, host=LOOPBACK)
        async with site.running():
            stream = asyncio.ensure_future(anext(site.hub.follow(None, frozenset({"everyone"})), "end of stream"))
            assert 200 == await site.status_at(LOOPBACK)

        assert "end of stream" == await asyncio.wait_for(stream, PATIENCE_S)
        assert site.has_ended
        assert await site.status_at(LOOPBACK) is None

    run(visit)


def test_a_site_for_this_machine_only_never_opens(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path, host=LOOPBACK)
        site.set_up()
        await site.listeners._open_when_set_up(site.is_open.set)
        site.appliance.close()

        assert not site.is_open.is_set()
        assert not site.appliance.folder.tls.exists()

    run(visit)


def test_without_its_certificate_a_site_stays_closed_and_logs_the_reason(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path / "home", host=OTHER, tls_certificate=str(tmp_path / "missing.pem"), tls_key="missing.key")
        site.set_up()
        await site.listeners._open_when_set_up(site.is_open.set)
        site.appliance.close()
        (line,) = site.log.lines

        assert not site.is_open.is_set()
        assert "not listening for other machines" == line["event"]
        assert "missing.pem" in line["reason"]

    run(visit)


def test_with_its_https_port_in_use_a_site_still_serves_http(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path, host=OTHER)
        site.set_up()
        # Another Lampstand would share the port.
        with bound_socket(OTHER, site.https_port) as taken:
            taken.listen()
            async with site.running():
                line = await site.log.appeared("not listening")

                assert (OTHER, 200) == (line["address"], await site.status_at(OTHER))
                assert not site.is_open.is_set()

    run(visit)


class ReplacedCertificate(SiteCertificate):
    """The certificate of a site; a test can replace it."""

    replaced: Served | None = None

    def served(self) -> Served:
        return self.replaced or super().served()


def test_new_connections_get_a_renewed_certificate_even_after_one_that_cannot_be_read(tmp_path: Path) -> None:
    async def visit() -> None:
        site = Site(tmp_path / "home", host=OTHER)
        site.set_up()
        site.appliance.certificate = certificate = ReplacedCertificate(
            site.appliance.settings, site.appliance.folder.tls
        )
        async with site.running():
            await site.opened()
            first = certificate.served()
            first_der = await site.certificate_at(OTHER, first.authority)
            (tmp_path / "half.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
            certificate.replaced = Served(certificate=tmp_path / "half.pem", key=first.key, authority=None)
            await site.log.appeared("the certificate cannot be renewed")

            renewed = certificate.renew(new_authority=False)
            certificate.replaced = None
            renewed_der = as_der(renewed.certificate)
            async with asyncio.timeout(PATIENCE_S):
                while renewed_der != (current := await site.certificate_at(OTHER, renewed.authority)):
                    assert first_der == current

    run(visit)


def test_this_machine_and_all_addresses_can_share_a_port() -> None:
    port = free_port()
    with bound_socket(LOOPBACK, port) as own, bound_socket("0.0.0.0", port) as everywhere:
        own.listen()
        everywhere.listen()

        assert [(LOOPBACK, port), ("0.0.0.0", port)] == [own.getsockname(), everywhere.getsockname()]


def test_a_listener_for_ipv6_leaves_ipv4_to_its_own_listener() -> None:
    port = free_port()
    try:
        listening = bound_socket("::", port)
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with listening:
        listening.listen()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port))
        with bound_socket("0.0.0.0", port) as other:
            other.listen()


def test_an_address_of_another_machine_cannot_be_used() -> None:
    with pytest.raises(OSError, match="assign"):
        bound_socket("192.0.2.1", free_port())


def test_a_port_of_another_program_is_in_use_even_if_it_is_shared() -> None:
    port = free_port()
    check_port_is_free(LOOPBACK, port)
    with bound_socket(LOOPBACK, port) as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            check_port_is_free(LOOPBACK, port)
        with pytest.raises(OSError, match="in use"):
            check_port_is_free("0.0.0.0", port)
        check_port_is_free(OTHER, port)
    check_port_is_free(LOOPBACK, port)
