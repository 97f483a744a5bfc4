"""The event stream over HTTP and over a WebSocket. After any given id, both send the same events with the same ids."""

import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.accounts import PASSWORD
from fakes.events import Said
from fakes.serving import LAMPSTAND, Served, bearer, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from appliance.community.accounts.permissions import Role
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import append_event
from server.bootstrap import APPLIANCE_MIGRATIONS


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "home") as running:
        bearer(running.home)
        yield running


@pytest.fixture
def log(site: Served) -> Iterator[Database]:
    database = Database(site.home / "appliance.db", APPLIANCE_MIGRATIONS)
    yield database
    database.close()


def say(log: Database, number: int, audience: str = "everyone") -> int:
    with log.write() as work:
        return append_event(work, Said(number=number), audience, now=time.time())


def listen(site: Served, count: int, headers: dict[str, str], after: str = "") -> list[tuple[int, str, dict[str, Any]]]:
    """The first events of a stream: (id, kind, payload)."""
    events: list[tuple[int, str, dict[str, Any]]] = []
    current: dict[str, str] = {}
    with httpx.stream(
        "GET",
        f"{site.url}/api/v1/events",
        params={"after": after} if after else {},
        headers=headers,
        timeout=20,
        trust_env=False,
    ) as stream:
        for line in stream.iter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                current[name] = value
            elif current:
                events.append((int(current["id"]), current["event"], json.loads(current["data"])))
                current = {}
                if len(events) == count:
                    return events
    return events


def listen_by_socket(
    site: Served, count: int, headers: dict[str, str], after: int
) -> list[tuple[int, str, dict[str, Any]]]:
    address = f"{site.url.replace('http', 'ws')}/api/v1/events/socket?after={after}"
    with connect(address, additional_headers=headers) as socket:
        events = [json.loads(socket.recv(timeout=20)) for _ in range(count)]
    return [(event["id"], event["kind"], event["payload"]) for event in events]


def test_streams_and_sockets_send_the_same_events_after_the_last_id(site: Served, log: Database) -> None:
    first = say(log, 1)
    later = [say(log, number) for number in (2, 3, 4)]
    expected = [(event, "said", {"number": number}) for event, number in zip(later, (2, 3, 4), strict=True)]

    assert expected == listen(site, 3, {"Last-Event-ID": str(first)})
    assert expected == listen(site, 3, {}, after=str(first))
    assert expected == listen_by_socket(site, 3, {}, first)


def test_a_caller_gets_only_the_events_of_their_audience(site: Served, log: Database) -> None:
    first = say(log, 0)
    for number, audience in enumerate(["administrators", "members", "everyone", "person:99", "everyone"], start=1):
        say(log, number, audience)
    numbers = {
        role: [
            payload["number"] for _, kind, payload in listen(site, count, headers, after=str(first)) if kind == "said"
        ]
        for role, count, headers in (
            ("guest", 2, {}),
            ("member", 3, bearer(site.home, Role.MEMBER)),
            ("administrator", 4, bearer(site.home)),
        )
    }

    assert {"guest": [3, 5], "member": [2, 3, 5], "administrator": [1, 2, 3, 5]} == numbers


def test_an_id_that_is_no_longer_stored_gets_a_reset(site: Served, log: Database) -> None:
    for number in range(3):
        say(log, number)
    with log.write() as work:
        work.execute("DELETE FROM events WHERE id < (SELECT max(id) FROM events)")
    newest = say(log, 3)
    (reset,) = listen(site, 1, {"Last-Event-ID": "1"})

    assert "reset" == reset[1]
    assert newest == reset[0]
    assert "reset" == listen_by_socket(site, 1, {}, 1)[0][1]


def test_streams_and_sockets_end_cleanly_when_the_server_stops(site: Served) -> None:
    headers = bearer(site.home)
    address = f"{site.url}/api/v1/events"
    with (
        httpx.stream("GET", address, headers=headers, timeout=20, trust_env=False) as stream,
        connect(f"{address.replace('http', 'ws')}/socket", additional_headers=headers) as socket,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        site.process.terminate()
        for _line in lines:
            pass  # an incomplete answer raises an error
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert (1001, "Lampstand is shutting down.") == (closed.value.rcvd.code, closed.value.rcvd.reason)


@pytest.mark.parametrize("invalid_id", ["x", "-1", "1.5", "9" * 40])
def test_an_invalid_id_is_refused(site: Served, invalid_id: str) -> None:
    answer = site.guest.get("/api/v1/events", headers={"Last-Event-ID": invalid_id})

    assert 400 == answer.status_code
    assert "is not an event id" in answer.json()["detail"]


def test_a_page_of_another_website_cannot_open_a_socket(site: Served) -> None:
    address = f"{site.url.replace('http', 'ws')}/api/v1/events/socket"
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(address, additional_headers={"Origin": "http://evil.example"}),
    ):
        pass


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose people and roles change during the tests."""
    with serving(tmp_path_factory.mktemp("site")) as running:
        bearer(running.home)
        yield running


NUMBERS = itertools.count(1)


class Browser:
    """A browser in which a member is signed in: the member `login`, or a new member if `login` is empty."""

    def __init__(self, site: Served, login: str = "") -> None:
        self.site, self.login = site, login or f"member {next(NUMBERS)}"
        self.http = httpx.Client(base_url=site.url, trust_env=False, timeout=20)
        if not login:
            site.http.post("/api/v1/people", json={"name": self.login, "password": PASSWORD}).raise_for_status()
        answer = self.http.post("/api/v1/session", json={"name": self.login, "password": PASSWORD}).json()
        self.http.headers["X-CSRF-Token"] = answer["csrf_token"]
        self.person: int = answer["person"]["id"]

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"lampstand={self.http.cookies['lampstand']}"}

    def sign_out(self) -> None:
        self.http.delete("/api/v1/session").raise_for_status()

    def end_from_another_browser(self) -> None:
        other = Browser(self.site, self.login)
        sessions = other.http.get("/api/v1/account/sessions").json()
        for session in sessions["sessions"]:
            if session["id"] != sessions["current"]:
                other.http.delete(f"/api/v1/account/sessions/{session['id']}").raise_for_status()

    def change_password_in_another_browser(self) -> None:
        other = Browser(self.site, self.login)
        change = {"old": PASSWORD, "new": "nine blue rivers run"}
        other.http.post("/api/v1/account/password", json=change).raise_for_status()

    def get_another_role(self) -> None:
        self.site.http.put(f"/api/v1/people/{self.person}/role", json={"role": "leader"}).raise_for_status()

    def get_another_role_by_the_command_line(self) -> None:
        command = [LAMPSTAND, "--home", str(self.site.home), "users", "role", self.login, "leader"]
        subprocess.run(command, check=True, capture_output=True)

    def get_another_password(self) -> None:
        new = {"password": "nine blue rivers run"}
        self.site.http.put(f"/api/v1/people/{self.person}/password", json=new).raise_for_status()

    def be_deleted(self) -> None:
        self.site.http.delete(f"/api/v1/people/{self.person}").raise_for_status()


ENDS_OF_ACCESS = [
    Browser.sign_out,
    Browser.end_from_another_browser,
    Browser.change_password_in_another_browser,
    Browser.get_another_role,
    Browser.get_another_role_by_the_command_line,
    Browser.get_another_password,
    Browser.be_deleted,
]


def announce(site: Served, text: str, count: int = 1) -> None:
    for _ in range(count):
        site.http.post("/api/v1/announcements", json={"text": text}).raise_for_status()


def data_after(site: Served, headers: dict[str, str], end_access: Callable[[], object]) -> tuple[str, float]:
    """The data that an event stream sent after its caller lost access, and the seconds until the stream ended."""
    address = f"{site.url}/api/v1/events"
    with httpx.stream("GET", address, headers=headers, timeout=40, trust_env=False) as stream:
        chunks = stream.iter_text()
        announce(site, "before")
        seen = ""
        while '"text":"before"' not in seen:
            seen += next(chunks)
        end_access()
        ended_at = time.monotonic()
        announce(site, "afterwards", count=5)
        rest = "".join(chunks)
    return rest, time.monotonic() - ended_at


@pytest.mark.parametrize("end_access", ENDS_OF_ACCESS, ids=lambda end_access: end_access.__name__)
def test_a_stream_ends_when_access_ends_and_sends_no_later_events(
    crowd: Served, end_access: Callable[[Browser], None]
) -> None:
    browser = Browser(crowd)
    rest, took_s = data_after(crowd, browser.cookie, lambda: end_access(browser))

    assert "afterwards" not in rest
    assert took_s < 5


def test_a_stream_opened_with_a_token_ends_when_the_token_is_deleted(crowd: Served) -> None:
    browser = Browser(crowd)
    created = browser.http.post(
        "/api/v1/account/tokens", json={"name": "t", "scopes": ["read", "manage-account"]}
    ).json()
    remove = f"/api/v1/account/tokens/{created['details']['id']}"
    rest, took_s = data_after(
        crowd, {"Authorization": f"Bearer {created['token']}"}, lambda: browser.http.delete(remove).raise_for_status()
    )

    assert "afterwards" not in rest
    assert took_s < 5


def test_the_stream_of_a_person_ends_when_their_class_is_closed(crowd: Served) -> None:
    opened = crowd.http.post("/api/v1/classes", json={"name": "Sunday"}).json()
    joined = httpx.post(
        f"{crowd.url}/api/v1/join", json={"code": opened["code"], "name": f"pupil {next(NUMBERS)}"}, trust_env=False
    )
    close = f"/api/v1/classes/{opened['id']}/close"
    rest, took_s = data_after(
        crowd,
        {"Cookie": f"lampstand={joined.cookies['lampstand']}"},
        lambda: crowd.http.post(close, json={"sign_out": True}).raise_for_status(),
    )

    assert "afterwards" not in rest
    assert took_s < 5


def test_a_stream_continues_when_another_browser_of_its_owner_is_signed_out(crowd: Served) -> None:
    staying = Browser(crowd)
    leaving = Browser(crowd, staying.login)
    address = f"{crowd.url}/api/v1/events"
    with httpx.stream("GET", address, headers=staying.cookie, timeout=20, trust_env=False) as stream:
        chunks = stream.iter_text()
        next(chunks)
        leaving.sign_out()
        announce(crowd, "afterwards")
        seen = ""
        while "afterwards" not in seen:
            seen += next(chunks)

    assert "access.changed" not in seen


def test_the_stream_of_a_guest_ends_when_guests_may_no_longer_read(crowd: Served) -> None:
    with httpx.stream("GET", f"{crowd.url}/api/v1/events", timeout=20, trust_env=False) as stream:
        chunks = stream.iter_text()
        next(chunks)
        crowd.http.put("/api/v1/site", json={"guests_may_read": False}).raise_for_status()
        began = time.monotonic()
        rest = "".join(chunks)
    crowd.http.put("/api/v1/site", json={"guests_may_read": True}).raise_for_status()

    assert "event:" not in rest
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "end_access", [Browser.sign_out, Browser.get_another_role], ids=lambda end_access: end_access.__name__
)
def test_a_socket_is_closed_when_access_ends(crowd: Served, end_access: Callable[[Browser], None]) -> None:
    browser = Browser(crowd)
    address = f"{crowd.url.replace('http', 'ws')}/api/v1/events/socket"
    with connect(address, additional_headers=browser.cookie) as socket:
        announce(crowd, "before")
        while json.loads(socket.recv(timeout=20))["payload"].get("text") != "before":
            """The socket is open, and its caller may see announcements."""
        end_access(browser)
        announce(crowd, "afterwards", count=5)
        rest = []
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                rest.append(json.loads(socket.recv(timeout=5))["payload"].get("text"))

    assert "afterwards" not in rest
    assert closed.value.rcvd is not None
    assert 4401 == closed.value.rcvd.code
