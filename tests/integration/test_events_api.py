"""The event stream over HTTP and over a WebSocket: the same events under the same ids, from any point on."""

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
def house(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "home") as running:
        bearer(running.home)
        yield running


@pytest.fixture
def log(house: Served) -> Iterator[Database]:
    database = Database(house.home / "appliance.db", APPLIANCE_MIGRATIONS)
    yield database
    database.close()


def say(log: Database, number: int, audience: str = "everyone") -> int:
    with log.write() as work:
        return append_event(work, Said(number=number), audience, now=time.time())


def listen(
    house: Served, count: int, headers: dict[str, str], after: str = ""
) -> list[tuple[int, str, dict[str, Any]]]:
    """The first events of a stream: (id, kind, payload)."""
    got: list[tuple[int, str, dict[str, Any]]] = []
    current: dict[str, str] = {}
    with httpx.stream(
        "GET",
        f"{house.url}/api/v1/events",
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
                got.append((int(current["id"]), current["event"], json.loads(current["data"])))
                current = {}
                if len(got) == count:
                    return got
    return got


def listen_by_socket(
    house: Served, count: int, headers: dict[str, str], after: int
) -> list[tuple[int, str, dict[str, Any]]]:
    address = f"{house.url.replace('http', 'ws')}/api/v1/events/socket?after={after}"
    with connect(address, additional_headers=headers) as socket:
        told = [json.loads(socket.recv(timeout=20)) for _ in range(count)]
    return [(each["id"], each["kind"], each["payload"]) for each in told]


def test_both_ways_tell_the_same_from_the_last_id_on(house: Served, log: Database) -> None:
    first = say(log, 1)
    later = [say(log, number) for number in (2, 3, 4)]
    wanted = [(event, "said", {"number": number}) for event, number in zip(later, (2, 3, 4), strict=True)]

    assert wanted == listen(house, 3, {"Last-Event-ID": str(first)})
    assert wanted == listen(house, 3, {}, after=str(first))
    assert wanted == listen_by_socket(house, 3, {}, first)


def test_each_sees_what_is_meant_for_them(house: Served, log: Database) -> None:
    first = say(log, 0)
    for number, audience in enumerate(["administrators", "members", "everyone", "person:99", "everyone"], start=1):
        say(log, number, audience)
    seen = {
        role: [
            payload["number"] for _, kind, payload in listen(house, count, headers, after=str(first)) if kind == "said"
        ]
        for role, count, headers in (
            ("guest", 2, {}),
            ("member", 3, bearer(house.home, Role.MEMBER)),
            ("administrator", 4, bearer(house.home)),
        )
    }

    assert {"guest": [3, 5], "member": [2, 3, 5], "administrator": [1, 2, 3, 5]} == seen


def test_an_id_that_is_no_longer_known_gets_a_reset(house: Served, log: Database) -> None:
    for number in range(3):
        say(log, number)
    with log.write() as work:
        work.execute("DELETE FROM events WHERE id < (SELECT max(id) FROM events)")
    newest = say(log, 3)
    (reset,) = listen(house, 1, {"Last-Event-ID": "1"})

    assert "reset" == reset[1]
    assert newest == reset[0]
    assert "reset" == listen_by_socket(house, 1, {}, 1)[0][1]


def test_streams_and_sockets_are_ended_properly_when_the_server_stops(house: Served) -> None:
    headers = bearer(house.home)
    address = f"{house.url}/api/v1/events"
    with (
        httpx.stream("GET", address, headers=headers, timeout=20, trust_env=False) as stream,
        connect(f"{address.replace('http', 'ws')}/socket", additional_headers=headers) as socket,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        house.process.terminate()
        for _line in lines:
            pass  # an answer that is cut off raises an error
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert (1001, "Lampstand is being stopped.") == (closed.value.rcvd.code, closed.value.rcvd.reason)


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 40])
def test_what_is_no_id_is_refused(house: Served, given: str) -> None:
    answer = house.guest.get("/api/v1/events", headers={"Last-Event-ID": given})

    assert 400 == answer.status_code
    assert "is not the id of an event" in answer.json()["detail"]


def test_a_socket_of_another_sites_page_is_not_opened(house: Served) -> None:
    address = f"{house.url.replace('http', 'ws')}/api/v1/events/socket"
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(address, additional_headers={"Origin": "http://evil.example"}),
    ):
        pass


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose people change during the test."""
    with serving(tmp_path_factory.mktemp("house")) as running:
        bearer(running.home)
        yield running


NUMBERS = itertools.count(1)


class Browser:
    """A browser in which a member is signed in: a new one, or one who is there."""

    def __init__(self, house: Served, login: str = "") -> None:
        self.house, self.login = house, login or f"member {next(NUMBERS)}"
        self.http = httpx.Client(base_url=house.url, trust_env=False, timeout=20)
        if not login:
            house.http.post("/api/v1/people", json={"name": self.login, "password": PASSWORD}).raise_for_status()
        entered = self.http.post("/api/v1/session", json={"name": self.login, "password": PASSWORD}).json()
        self.http.headers["X-CSRF-Token"] = entered["csrf_token"]
        self.person: int = entered["person"]["id"]

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"lampstand={self.http.cookies['lampstand']}"}

    def sign_out(self) -> None:
        self.http.delete("/api/v1/session").raise_for_status()

    def end_from_another_browser(self) -> None:
        other = Browser(self.house, self.login)
        sessions = other.http.get("/api/v1/account/sessions").json()
        for each in sessions["sessions"]:
            if each["id"] != sessions["current"]:
                other.http.delete(f"/api/v1/account/sessions/{each['id']}").raise_for_status()

    def change_password_in_another_browser(self) -> None:
        other = Browser(self.house, self.login)
        change = {"old": PASSWORD, "new": "nine blue rivers run"}
        other.http.post("/api/v1/account/password", json=change).raise_for_status()

    def get_another_role(self) -> None:
        self.house.http.put(f"/api/v1/people/{self.person}/role", json={"role": "leader"}).raise_for_status()

    def get_another_role_by_the_command_line(self) -> None:
        command = [LAMPSTAND, "--home", str(self.house.home), "users", "role", self.login, "leader"]
        subprocess.run(command, check=True, capture_output=True)

    def get_another_password(self) -> None:
        new = {"password": "nine blue rivers run"}
        self.house.http.put(f"/api/v1/people/{self.person}/password", json=new).raise_for_status()

    def be_removed(self) -> None:
        self.house.http.delete(f"/api/v1/people/{self.person}").raise_for_status()


WAYS_OUT = [
    Browser.sign_out,
    Browser.end_from_another_browser,
    Browser.change_password_in_another_browser,
    Browser.get_another_role,
    Browser.get_another_role_by_the_command_line,
    Browser.get_another_password,
    Browser.be_removed,
]


def announce(house: Served, text: str, count: int = 1) -> None:
    for _ in range(count):
        house.http.post("/api/v1/announcements", json={"text": text}).raise_for_status()


def seen_after(house: Served, headers: dict[str, str], lose: Callable[[], object]) -> tuple[str, float]:
    """What an event stream has to say after its caller lost access, and how long it took to end."""
    address = f"{house.url}/api/v1/events"
    with httpx.stream("GET", address, headers=headers, timeout=40, trust_env=False) as stream:
        chunks = stream.iter_text()
        announce(house, "before")
        seen = ""
        while '"text":"before"' not in seen:
            seen += next(chunks)
        lose()
        lost = time.monotonic()
        announce(house, "afterwards", count=5)
        rest = "".join(chunks)
    return rest, time.monotonic() - lost


@pytest.mark.parametrize("way", WAYS_OUT, ids=lambda way: way.__name__)
def test_a_stream_ends_when_access_ends_and_shows_nothing_of_later(
    crowd: Served, way: Callable[[Browser], None]
) -> None:
    browser = Browser(crowd)
    rest, took_s = seen_after(crowd, browser.cookie, lambda: way(browser))

    assert "afterwards" not in rest
    assert took_s < 5


def test_a_stream_that_a_token_opened_ends_when_the_token_is_removed(crowd: Served) -> None:
    browser = Browser(crowd)
    made = browser.http.post("/api/v1/account/tokens", json={"name": "t", "scopes": ["read", "own"]}).json()
    remove = f"/api/v1/account/tokens/{made['details']['id']}"
    rest, took_s = seen_after(
        crowd, {"Authorization": f"Bearer {made['token']}"}, lambda: browser.http.delete(remove).raise_for_status()
    )

    assert "afterwards" not in rest
    assert took_s < 5


def test_a_stream_of_somebody_whose_class_is_closed_ends(crowd: Served) -> None:
    opened = crowd.http.post("/api/v1/classes", json={"name": "Sunday"}).json()
    joined = httpx.post(
        f"{crowd.url}/api/v1/join", json={"code": opened["code"], "name": f"pupil {next(NUMBERS)}"}, trust_env=False
    )
    close = f"/api/v1/classes/{opened['id']}/close"
    rest, took_s = seen_after(
        crowd,
        {"Cookie": f"lampstand={joined.cookies['lampstand']}"},
        lambda: crowd.http.post(close, json={"sign_out": True}).raise_for_status(),
    )

    assert "afterwards" not in rest
    assert took_s < 5


def test_a_stream_goes_on_when_another_browser_of_its_owner_is_signed_out(crowd: Served) -> None:
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
        crowd.http.put("/api/v1/house", json={"guests_may_read": False}).raise_for_status()
        began = time.monotonic()
        rest = "".join(chunks)
    crowd.http.put("/api/v1/house", json={"guests_may_read": True}).raise_for_status()

    assert "event:" not in rest
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("way", [Browser.sign_out, Browser.get_another_role], ids=lambda way: way.__name__)
def test_a_socket_is_closed_when_access_ends(crowd: Served, way: Callable[[Browser], None]) -> None:
    browser = Browser(crowd)
    address = f"{crowd.url.replace('http', 'ws')}/api/v1/events/socket"
    with connect(address, additional_headers=browser.cookie) as socket:
        announce(crowd, "before")
        while json.loads(socket.recv(timeout=20))["payload"].get("text") != "before":
            """It is open, and its caller may see announcements."""
        way(browser)
        announce(crowd, "afterwards", count=5)
        rest = []
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                rest.append(json.loads(socket.recv(timeout=5))["payload"].get("text"))

    assert "afterwards" not in rest
    assert closed.value.rcvd is not None
    assert 4401 == closed.value.rcvd.code
