"""Limits prevent one caller from slowing the others: some requests are refused or wait, and other callers are served."""

import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.serving import LAMPSTAND, Served, bearer, serving, session
from litestar.testing import TestClient

from appliance.community.accounts.permissions import Role
from server.app import create_app
from server.bootstrap import open_appliance
from server.http.connections import MAX_PER_DEVICE
from server.http.limits import SLOW_OF_PERSON, STREAMS_OF_SESSION
from server.http.threads import FairExecutor

USFM = r"""\id GEN Invented
\c 1
\p
\v 1 A lamp was lit on the first evening.
\v 2 It shone to all who were in the house.
"""
ENDLESS = {"query": "UNWIND range(1, 100000000) AS x RETURN count(x)"}
HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("crowded")
    text = home / "gen.usfm"
    text.write_text(USFM, encoding="utf-8")
    for command in (["library", "import", str(text), "--no-index"], ["graph", "build"]):
        run([LAMPSTAND, "--home", str(home), *command])
    with serving(home) as running:
        yield running


def run(command: list[str]) -> None:

    subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture
def calls_in_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that are called in threads during a test."""
    calls: list[str] = []
    submit = FairExecutor.submit

    def record(executor: FairExecutor, call: Callable[..., Any], /, *args: Any) -> Future[Any]:
        calls.append(repr(call))
        return submit(executor, call, *args)

    monkeypatch.setattr(FairExecutor, "submit", record)
    return calls


@pytest.fixture
def member(site: Served) -> Iterator[httpx.Client]:
    """An API client with the token of a member."""
    with httpx.Client(base_url=site.url, headers=bearer(site.home, Role.MEMBER), timeout=60, trust_env=False) as client:
        yield client


def test_a_third_slow_query_of_a_person_is_refused_with_a_waiting_time(site: Served, member: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as crowd:
        calls = [crowd.submit(member.post, "/api/v1/graph/query", json=ENDLESS) for _ in range(6)]
        answers = [call.result() for call in calls]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert len(refused) == 6 - SLOW_OF_PERSON
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert "in progress" in refused[0].json()["detail"]
    # The status 400 is from queries that reached their time limit.
    assert {answer.status_code for answer in answers} == {429, 400}


def test_one_query_after_another_is_never_refused(member: httpx.Client) -> None:
    query = {"query": "MATCH (v:Verse) RETURN count(v)"}

    assert {member.post("/api/v1/graph/query", json=query).status_code for _ in range(5)} == {200}


def test_pages_are_read_while_slow_queries_run(site: Served, member: httpx.Client) -> None:
    with ThreadPoolExecutor(2) as crowd:
        calls = [crowd.submit(member.post, "/api/v1/graph/query", json=ENDLESS) for _ in range(2)]
        read = 0
        while not all(call.done() for call in calls):
            assert site.guest.get("/api/v1/chapters/gen/Gen/1").status_code == 200
            read += 1

    # Each query takes two seconds. If a page had to wait for a query, it would be read only once.
    assert read > 10


def test_half_sent_requests_of_one_address_do_not_block_others(site: Served) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * MAX_PER_DEVICE):
            half = socket.create_connection(port_of(site), source_address=("127.0.9.9", 0))
            stack.callback(half.close)
            half.sendall(HALF)

        assert site.guest.get("/api/v1/health").status_code == 200
        neighbour = httpx.HTTPTransport(local_address="127.0.9.9")
        with httpx.Client(base_url=site.url, transport=neighbour, trust_env=False) as same_address:
            assert same_address.get("/api/v1/health").status_code == 200


def test_a_browser_may_open_eight_event_streams_and_closed_ones_do_not_count(site: Served) -> None:
    cookies = {"lampstand": session(site.home)}
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=60, trust_env=False) as browser:
        with contextlib.ExitStack() as tabs:
            opened = [tabs.enter_context(browser.stream("GET", "/api/v1/events")) for _ in range(STREAMS_OF_SESSION)]
            assert {stream.status_code for stream in opened} == {200}
            refused = browser.get("/api/v1/events")
            assert (refused.status_code, "streams" in refused.json()["detail"]) == (429, True)
            assert browser.get("/api/v1/session").status_code == 200

        # The server notices that a client has disconnected when it next sends an event, so this program sends one.
        with httpx.Client(base_url=site.url, headers=bearer(site.home), trust_env=False) as program:
            for _ in range(50):
                program.post("/api/v1/announcements", json={"text": "Tea is ready."}).raise_for_status()
                with browser.stream("GET", "/api/v1/events") as again:
                    if again.status_code == 200:
                        return
        raise AssertionError("The closed streams still count.")


def test_references_of_a_long_text_are_returned_in_pages(site: Served) -> None:
    text = ("Gen 1:1-2, " * 18_000)[:200_000]
    first = site.guest.post("/api/v1/references", json={"text": text}).json()
    second = site.guest.post("/api/v1/references", json={"text": text, "after": first["next_after"]}).json()

    assert len(first["references"]) == first["next_after"] == 2_000
    assert second["references"][0]["start"] > first["references"][-1]["start"]


def test_a_client_that_disconnects_during_its_request_is_not_an_error(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        head = b"POST /api/v1/references HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
        for _ in range(5):
            with socket.create_connection(port_of(running)) as client:
                client.sendall(head)
        assert running.guest.get("/api/v1/health").status_code == 200
        running.process.terminate()
        output, _ = running.process.communicate(timeout=30)

    assert "Traceback" not in output
    assert "request failed" not in output


def port_of(site: Served) -> tuple[str, int]:
    host, port = site.url.removeprefix("http://").split(":")
    return host, int(port)


@pytest.mark.parametrize(("path", "max_calls"), [("/api/v1/chapters/Made/John/3", 0), ("/api/v1/topics", 1), ("/", 1)])
def test_a_request_waits_for_at_most_one_thread(
    path: str, max_calls: int, tmp_path: Path, calls_in_threads: list[str]
) -> None:
    appliance = open_appliance(tmp_path)
    with TestClient(create_app(appliance), base_url="http://127.0.0.1") as client:
        client.get("/api/v1/health")
        calls_in_threads.clear()
        client.get(path)
    appliance.close()

    assert len(calls_in_threads) == max_calls
