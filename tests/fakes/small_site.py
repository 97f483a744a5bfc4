"""A site in this process: its web application, its people, and the callers that send requests to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from argon2 import PasswordHasher
from fakes.accounts import AGENT, NOW, PASSWORD, create_token
from fakes.clock import FakeClock
from fakes.hashed_vectors import HashedVectors
from fakes.study import FakeWriter
from httpx import Response
from litestar import Controller, Litestar, Router
from litestar.concurrency import set_asyncio_executor
from litestar.testing import TestClient
from litestar.types import ControllerRouterHandler

from appliance.community.accounts.operations import people
from appliance.community.accounts.operations.people import NewAccount
from appliance.community.accounts.operations.sessions import start_session
from appliance.community.accounts.passwords import PasswordHash
from appliance.community.accounts.permissions import Permission, Role, permits
from appliance.community.accounts.person import Person
from appliance.community.accounts.secret_tokens import csrf_token
from appliance.infrastructure.database import Database
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import load_settings
from server.app import assemble, set_state
from server.bootstrap import Appliance
from server.http.access import COOKIE_TLS
from server.http.threads import Threads

API = "/api/v1"
# A hash of PASSWORD with settings that make it quick to compute and check.
QUICK_HASH = PasswordHash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
SELECT_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
MIGRATIONS = "migrations"

Content = TypeVar("Content")


class Caller:
    """A client that sends requests and does not follow redirects. `headers` and `csrf` identify the caller."""

    def __init__(self, client: TestClient[Litestar], headers: Mapping[str, str], csrf: str = "") -> None:
        self._client, self._headers, self.csrf = client, dict(headers), csrf

    def get(self, path: str, headers: Mapping[str, str] | None = None, /, **query: str | int) -> Response:
        return self._send("GET", path, headers or {}, params=query or None)

    def post(self, path: str, body: object = None) -> Response:
        """Send JSON."""
        return self._send("POST", path, self._csrf_header, json=body)

    def put(self, path: str, body: object) -> Response:
        """Send JSON."""
        return self._send("PUT", path, self._csrf_header, json=body)

    def delete(self, path: str) -> Response:
        return self._send("DELETE", path, self._csrf_header)

    def open(self, path: str, **query: str | int) -> Response:
        """Open a page, as a browser does."""
        return self._send("GET", path, {"Accept": "text/html"}, params=query or None)

    def submit(self, path: str, **fields: str) -> Response:
        """Send a form, as a browser does."""
        return self._send("POST", path, {"Accept": "text/html"}, data={"csrf": self.csrf, **fields})

    @property
    def _csrf_header(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.csrf} if self.csrf else {}

    def _send(self, method: str, path: str, headers: Mapping[str, str], **content: Any) -> Response:
        response = self._client.request(
            method, path, headers={**self._headers, **headers}, follow_redirects=False, **content
        )
        # Forget the cookies, because the next request is from another caller.
        self._client.cookies.clear()
        return response


class Site:
    """A running site. `writer` replaces its chat model. The site has no chat model until a test chooses one."""

    def __init__(
        self, appliance: Appliance, client: TestClient[Litestar], threads: Threads, clock: FakeClock, writer: FakeWriter
    ) -> None:
        self.appliance, self.clock, self.writer = appliance, clock, writer
        self._client, self._threads = client, threads

    @property
    def database(self) -> Database:
        """The database of people, jobs and notifications."""
        return self.appliance.appliance_db

    @property
    def guest(self) -> Caller:
        return Caller(self._client, {"User-Agent": AGENT})

    def add_person(self, name: str = "Ben", role: Role = Role.MEMBER) -> Person:
        """Create a person who can sign in with their name and PASSWORD."""
        account = NewAccount(name=name, login=name.casefold(), password_hash=QUICK_HASH, role=role)
        with self.database.write() as work:
            return people.create(work, account, now=self.clock.now)

    def program(self, person: Person, *scopes: Permission) -> Caller:
        """A program with a token of a person. If `scopes` is empty, the token has all permissions of the person."""
        allowed = [scope for scope in Permission if permits(person.role, scope, guests_may_read=True)]
        token = create_token(self.database, person, scopes or allowed, now=self.clock.now).token
        return Caller(self._client, {"Authorization": f"Bearer {token}"})

    def browser(self, person: Person) -> Caller:
        """A browser in which a person is signed in."""
        with self.database.write() as work:
            token = start_session(work, person, address="testclient", agent=AGENT, now=self.clock.now).token
        return self.browser_with(token)

    def browser_with(self, session_token: str) -> Caller:
        """A browser with the cookie of a session."""
        return Caller(self._client, {"Cookie": f"{COOKIE_TLS}={session_token}"}, csrf_token(session_token))

    def member(self) -> Caller:
        """The browser of a new member."""
        return self.browser(self.add_person())

    def leader(self) -> Caller:
        """The browser of a new leader."""
        return self.browser(self.add_person("Lea", Role.LEADER))

    def administrator(self) -> Caller:
        """The browser of a new administrator."""
        return self.browser(self.add_person("Anna", Role.ADMINISTRATOR))

    def close_to_guests(self) -> None:
        with self.database.write() as work:
            people.set_guests_may_read(work, allowed=False, now=self.clock.now)

    def run(self, function: Callable[[], None]) -> None:
        """Call a function in the event loop of the site."""
        self._client.blocking_portal.call(function)

    def wait_for(self, event: asyncio.Event) -> None:
        """Wait until code in the event loop of the site sets an event."""
        self._client.blocking_portal.call(event.wait)

    @contextlib.contextmanager
    def without_graph(self) -> Iterator[None]:
        """Move the graph away during the block."""
        path = self.appliance.folder.graph
        moved = path.with_name("moved")
        path.rename(moved)
        try:
            yield
        finally:
            moved.rename(path)

    def reset(self) -> None:
        """Stop unfinished answers. Delete all people, jobs and notifications. Reset the clock and the writer."""
        # Other tests create applications too. The application that was created last sets the threads that handle requests,
        # so they are set back here.
        set_asyncio_executor(cast("Any", self._threads))
        self._client.blocking_portal.call(self._client.app.state.desk.close)
        self.clock.now, self.writer.pieces, self.writer.current_model = NOW, (), None
        with self.database.write() as work:
            for (table,) in work.execute(SELECT_TABLES):
                if table != MIGRATIONS:
                    work.execute(f"DELETE FROM {table}")


@contextlib.contextmanager
def running_site(home: Path, routes: Sequence[ControllerRouterHandler], **settings: str) -> Iterator[Site]:
    """Run the site of a data folder with only the given routes. The site has no background tasks."""
    folder = DataFolder(home).create()
    clock, writer = FakeClock(NOW), FakeWriter(model=None)
    appliance = Appliance(
        folder, load_settings(folder.home, **settings), embedder=HashedVectors(), writer=writer, clock=clock
    )
    threads = Threads()
    with serving(appliance, threads, routes) as client:
        yield Site(appliance, client, threads, clock, writer)
    appliance.close()


@contextlib.contextmanager
def serving(
    appliance: Appliance, threads: Threads, routes: Sequence[ControllerRouterHandler]
) -> Iterator[TestClient[Litestar]]:
    """Run an application with the given routes, without background tasks. Its test client uses HTTPS."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        set_state(app, appliance, threads)
        yield
        await app.state.desk.close()

    with TestClient(assemble(appliance, threads, routes, lifespan), base_url="https://127.0.0.1") as client:
        yield client
    threads.close()


def api_routes(*controllers: type[Controller]) -> Router:
    """A router that serves the controllers under the path of the API."""
    return Router(API, route_handlers=list(controllers))


def read(response: Response, kind: type[Content], status: int = 200) -> Content:
    """The content of a JSON response. The response must have the status, and the content must have all fields of `kind`."""
    assert status == response.status_code, response.text
    return msgspec.json.decode(response.content, type=kind)


def assert_refused(response: Response, status: int, part: str = "") -> None:
    """Check that the response is a problem document with this status, and that its message contains `part`."""
    assert status == response.status_code, response.text
    assert "application/problem+json" in response.headers["content-type"]
    problem = response.json()
    assert status == problem["status"]
    assert part in problem["detail"]
