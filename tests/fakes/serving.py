"""Run a real `lampstand up` or `serve` on a free loopback port."""

import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import httpx
from fakes.accounts import create_person, create_token

from appliance.community.accounts import queries
from appliance.community.accounts.operations.sessions import start_session
from appliance.community.accounts.permissions import Permission, Role, permits
from appliance.community.accounts.person import Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.paths import DataFolder
from server.bootstrap import APPLIANCE_MIGRATIONS

LAMPSTAND = str(Path(sys.executable).with_name("lampstand"))


def free_port() -> int:
    """A free loopback port. Another process may take the port before the test uses it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_options(https_port: int | None = None) -> list[str]:
    """Options that make `up` and `serve` use two free ports. A real installation may use the default ports."""
    return ["--port", str(free_port()), "--https-port", str(https_port or free_port())]


class Served:
    """A running appliance: its URL, HTTPS port and process, and HTTP clients for it."""

    def __init__(self, url: str, https_port: int, process: subprocess.Popen[str], home: Path) -> None:
        self.url, self.https_port, self.process, self.home = url, https_port, process, home
        self.guest = httpx.Client(base_url=url, timeout=60, trust_env=False)

    @property
    def output(self) -> IO[str]:
        """The output of the command."""
        assert self.process.stdout is not None
        return self.process.stdout

    @functools.cached_property
    def http(self) -> httpx.Client:
        """An HTTP client with a token of the administrator. The account is created if necessary."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, headers=bearer(self.home))


def bearer(home: Path, role: Role = Role.ADMINISTRATOR) -> dict[str, str]:
    """The header of an API client with all permissions of a role. The account is created if necessary."""
    database = Database(DataFolder(home).create().appliance_db, APPLIANCE_MIGRATIONS)
    database.migrate()
    try:
        person = person_of(database, role)
        scopes = [permission for permission in Permission if permits(role, permission, guests_may_read=True)]
        new_token = create_token(database, person, scopes, now=time.time())
    finally:
        database.close()
    return {"Authorization": f"Bearer {new_token.token}"}


def person_of(database: Database, role: Role) -> Person:
    people = [person for person in queries.people(database) if person.role is role]
    return people[0] if people else create_person(database, role.value.title(), role, now=time.time())


def session(home: Path, role: Role = Role.ADMINISTRATOR) -> str:
    """The session cookie of a browser in which a person of a role is signed in."""
    database = Database(DataFolder(home).create().appliance_db, APPLIANCE_MIGRATIONS)
    database.migrate()
    person = person_of(database, role)
    with database.write() as work:
        signed_in = start_session(work, person, address="127.0.0.1", agent="tests", now=time.time())
    database.close()
    return signed_in.token


@contextlib.contextmanager
def serving(
    home: Path,
    *,
    command: str = "serve",
    host: str = "127.0.0.1",
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Served]:
    """Run `lampstand serve` or another command until the block ends. Waits until the server answers a health check."""
    port, https_port = free_port(), free_port()
    if host != "127.0.0.1":
        # Before an administrator exists, most addresses do not work. So this creates one.
        bearer(home)
    listening = ["--host", host, "--port", str(port), "--https-port", str(https_port)]
    process = subprocess.Popen(
        [LAMPSTAND, "--home", str(home), command, *listening, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )
    served = Served(f"http://{host}:{port}", https_port, process, home)
    try:
        _wait(served)
        yield served
    finally:
        served.guest.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(served: Served) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if served.process.poll() is not None:
            raise AssertionError(f"ended at start: {served.output.read()}")
        try:
            if served.guest.get("/api/v1/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)  # the server does not listen yet, and there is no event to wait for
    raise AssertionError("did not answer within a minute")
