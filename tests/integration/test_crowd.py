"""Limits keep one caller from slowing the others: which requests are refused, which wait, and that other callers are served."""

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
from server.http.connections import MAX_WITHOUT_HEADER
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
    """What the requests of a test call in threads."""
    calls: list[str] = []
    submit = FairExecutor.submit

    def noted(executor: FairExecutor, call: Callable[..., Any], /, *args: Any) -> Future[Any]:
        calls.append(repr(call))
        return submit(executor, call, *args)

    monkeypatch.setattr(FairExecutor, "submit", noted)
    return calls


@pytest.fixture
def member(site: Served) -> Iterator[httpx.Client]:
    """A program of a member."""
    with httpx.Client(base_url=site.url, headers=bearer(site.home, Role.MEMBER), timeout=60, trust_env=False) as client:
        yield client


def test_slow_queries_of_one_person_beyond_two_are_told_to_wait(site: Served, member: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as crowd:
        asked = [crowd.submit(member.post, "/api/v1/graph/query", json=ENDLESS) for _ in range(6)]
        answers = [each.result() for each in asked]
    refused = [each for each in answers if each.status_code == 429]

    assert len(refused) == 6 - SLOW_OF_PERSON
    assert all(int(each.headers["Retry-After"]) >= 1 for each in refused)
    assert "in progress" in refused[0].json()["detail"]
    # The others were answered by the time limit of a query.
    assert {each.status_code for each in answers} == {429, 400}


def test_one_query_after_another_is_never_refused(member: httpx.Client) -> None:
    question = {"query": "MATCH (v:Verse) RETURN count(v)"}

    assert {member.post("/api/v1/graph/query", json=question).status_code for _ in range(5)} == {200}


def test_pages_are_read_while_slow_queries_run(site: Served, member: httpx.Client) -> None:
    with ThreadPoolExecutor(2) as crowd:
        asked = [crowd.submit(member.post, "/api/v1/graph/query", json=ENDLESS) for _ in range(2)]
        read = 0
        while not all(each.done() for each in asked):
            assert site.guest.get("/api/v1/chapters/gen/Gen/1").status_code == 200
            read += 1

    # Each query takes two seconds; a page that waited for one would be read once.
    assert read > 10


def test_half_sent_requests_of_one_address_keep_nobody_out(site: Served) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3 * MAX_WITHOUT_HEADER):
            half = socket.create_connection(port_of(site), source_address=("127.0.9.9", 0))
            stack.callback(half.close)
            half.sendall(HALF)

        assert site.guest.get("/api/v1/health").status_code == 200
        neighbour = httpx.HTTPTransport(local_address="127.0.9.9")
        with httpx.Client(base_url=site.url, transport=neighbour, trust_env=False) as same_address:
            assert same_address.get("/api/v1/health").status_code == 200


def test_a_browser_has_eight_event_streams_and_a_closed_one_counts_no_longer(site: Served) -> None:
    cookies = {"lampstand": session(site.home)}
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=60, trust_env=False) as browser:
        with contextlib.ExitStack() as tabs:
            opened = [tabs.enter_context(browser.stream("GET", "/api/v1/events")) for _ in range(STREAMS_OF_SESSION)]
            assert {each.status_code for each in opened} == {200}
            refused = browser.get("/api/v1/events")
            assert (refused.status_code, "streams" in refused.json()["detail"]) == (429, True)
            assert browser.get("/api/v1/session").status_code == 200

        # The server learns that a client has left when it next tells it something.
        with httpx.Client(base_url=site.url, headers=bearer(site.home), trust_env=False) as program:
            for _ in range(50):
                program.post("/api/v1/announcements", json={"text": "Tea is ready."}).raise_for_status()
                with browser.stream("GET", "/api/v1/events") as again:
                    if again.status_code == 200:
                        return
        raise AssertionError("The streams that were closed still count.")


def test_long_texts_are_read_a_page_of_references_at_a_time(site: Served) -> None:
    text = ("Gen 1:1-2, " * 18_000)[:200_000]
    first = site.guest.post("/api/v1/references", json={"text": text}).json()
    second = site.guest.post("/api/v1/references", json={"text": text, "after": first["next_after"]}).json()

    assert len(first["references"]) == first["next_after"] == 2_000
    assert second["references"][0]["start"] > first["references"][-1]["start"]


def test_a_client_that_leaves_amid_its_request_is_no_error(tmp_path: Path) -> None:
    with serving(tmp_path) as leaving:
        head = b"POST /api/v1/references HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
        for _ in range(5):
            with socket.create_connection(port_of(leaving)) as client:
                client.sendall(head)
        assert leaving.guest.get("/api/v1/health").status_code == 200
        leaving.process.terminate()
        printed, _ = leaving.process.communicate(timeout=30)

    assert "Traceback" not in printed
    assert "request failed" not in printed


def port_of(site: Served) -> tuple[str, int]:
    host, port = site.url.removeprefix("http://").split(":")
    return host, int(port)


@pytest.mark.parametrize(("path", "most"), [("/api/v1/chapters/Made/John/3", 0), ("/api/v1/topics", 1), ("/", 1)])
def test_a_request_waits_for_at_most_one_thread(
    path: str, most: int, tmp_path: Path, calls_in_threads: list[str]
) -> None:
    appliance = open_appliance(tmp_path)
    with TestClient(create_app(appliance), base_url="http://127.0.0.1") as client:
        client.get("/api/v1/health")
        calls_in_threads.clear()
        client.get(path)
    appliance.close()

    assert len(calls_in_threads) == most
