"""The starts that open a page, and the answers that count."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from appliance.scripture.translations.translation import Translation
from server.benchmarks.footprint import measurement
from server.benchmarks.footprint.measurement import Footprint, Workload
from server.benchmarks.footprint.queries import Material
from server.benchmarks.footprint.site import FootprintSite

LETTERS = "abcdefgh"
VERSES = [" ".join(f"{first}{second}word" for second in LETTERS) for first in LETTERS]
TRANSLATION = Translation(
    id="", name="", language="", versification="", licence="", attribution="", source="", digest="", verses=0
)
SITE = FootprintSite(
    home=Path("/nowhere"), environment={}, token="", translation=TRANSLATION, material=Material([], VERSES, [])
)


class FakeRunning:
    """A running server that answers the first search after its start without vectors."""

    def __init__(self, log: list[str]) -> None:
        self._log, self._searches = log, 0
        self.guest = httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(self._answer))

    def await_page(self) -> float:
        self._log.append("page")
        return float(len(self._log))

    def await_ready(self) -> None:
        self._log.append("ready")

    def wait_for(self, check: Callable[[], object], _failure: str, _limit_s: float) -> None:
        while not check():
            pass

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self._log.append(request.url.path)
        self._searches += request.url.path == "/api/v1/search"
        return httpx.Response(
            200, content=msgspec.json.encode({"notice": "Words only." if self._searches < 2 else None})
        )


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log of starts and requests."""
    entries: list[str] = []

    @contextlib.contextmanager
    def running(_site: FootprintSite, _limit: Any) -> Iterator[FakeRunning]:
        entries.append("start")
        yield FakeRunning(entries)

    monkeypatch.setattr(measurement, "running", running)
    monkeypatch.setattr(measurement, "Running", FakeRunning)
    return entries


def test_only_some_starts_open_a_page_and_searches_are_repeated_until_complete(log: list[str]) -> None:
    details: list[str] = []
    run = Footprint(SITE, Workload(starts=2, before_search_s=0), lambda _line: None, details.append)
    measurements = run.starts()
    search = ["/api/v1/search"] * 2

    assert [
        *(["start", "page"] * 2),
        *(["start", "ready", "/", *search] * 2),
        *(["start", "ready", *search] * 2),
    ] == log
    assert [("first_search_ms", 300.0), ("first_search_cold_ms", 900.0), ("start_to_page_s", 2.5)] == [
        (row.name, row.bar) for row in measurements
    ]
    # The median of the two page starts, 2 and 4.
    assert (3.0, "start_to_page_s: 2, 4") == (measurements[2].value, details[0])


def test_queries_are_enough_for_every_start() -> None:
    run = Footprint(SITE, Workload(starts=5), lambda _line: None, lambda _line: None)

    assert 4 * 5 + 3 == len({query.q for query in run.first})
