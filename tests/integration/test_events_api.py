"""The event stream over HTTP and over a WebSocket: the same events under the same ids, from any point on."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes.serving import Served, bearer, serving
from websockets.exceptions import InvalidStatus
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
        event = append_event(work, "said", {"number": number}, audience)
        work.commit()
    return event


def listen(house: Served, count: int, headers: dict[str, str], after: str = "") -> list[tuple[int, str, dict]]:
    """The first events of a stream: (id, kind, payload)."""
    got: list[tuple[int, str, dict]] = []
    current: dict[str, str] = {}
    with httpx.stream(
        "GET", f"{house.url}/api/v1/events", params={"after": after} if after else {}, headers=headers, timeout=20, trust_env=False
    ) as stream:  # fmt: skip
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


def listen_by_socket(house: Served, count: int, headers: dict[str, str], after: int) -> list[tuple[int, str, dict]]:
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
        work.commit()
    newest = say(log, 3)
    (reset,) = listen(house, 1, {"Last-Event-ID": "1"})

    assert "reset" == reset[1]
    assert newest == reset[0]
    assert "reset" == listen_by_socket(house, 1, {}, 1)[0][1]


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


def test_the_stream_of_somebody_who_was_signed_out_ends(house: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = bearer(house.home, Role.MEMBER)
    member = next(each for each in house.http.get("/api/v1/people").json()["people"] if each["role"] == "member")
    with httpx.stream("GET", f"{house.url}/api/v1/events", headers=headers, timeout=40, trust_env=False) as stream:
        lines = stream.iter_lines()
        next(lines)
        house.http.delete(f"/api/v1/people/{member['id']}").raise_for_status()
        assert all(line == "" or line.startswith((":", "id", "event", "data")) for line in lines), "it ends by itself"
