"""Each abuse follows a quiet period of its own."""

from random import Random
from typing import Any, cast

import pytest

from server.benchmarks.companion import Answer, Companion, MeasurementFailed
from server.benchmarks.crowd.measurement import measure_abuse
from server.benchmarks.crowd.messages import AbuseOutcome, Begin, Begun, Finish, Visited, Visits
from server.benchmarks.crowd.plan import SEARCHER, CrowdSite

SITE = CrowdSite(
    port=1, token="", session="", searcher_token="", translations=["WEB"], chapters=["/1"], openings=["x"] * 50
)
OUTCOME = AbuseOutcome(answered=5, refused={}, first_served=2, open_at_most=3)


class Told(Companion):
    """A companion with prepared answers, which records its requests."""

    def __init__(self, log: list[Any], answers: list[Any]) -> None:
        self._log, self._answers = log, answers

    def ask(self, request: Any, answer: type[Answer]) -> Answer:
        self._log.append(request)
        told = self._answers.pop(0)
        assert isinstance(told, list if answer == list[Visited] else answer)
        return cast("Answer", told)


def periods(quiet: Visited, busy: Visited, visitors: int) -> list[list[Visited]]:
    return [[quiet] * visitors, [busy] * visitors]


def measure(name: str, log: list[Any], quiet: Visited, visitors: int) -> None:
    busy = Visited(took_ms=[9.0], refused={"429": 1})
    found = measure_abuse(
        name,
        SITE,
        Told(log, periods(quiet, busy, visitors)),
        Told(log, [Begun(), OUTCOME]),
        Random(1),
        lambda _line: None,
    )

    assert (20, {"429": 20}) == (len(found.busy.read.took_ms), found.busy.read.refused)
    assert OUTCOME == found.outcome
    assert (visitors > 20) == (found.busy.searched is not None)


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.benchmarks.crowd.measurement.await_calm", lambda: None)


def test_readers_read_before_and_during_an_abuse() -> None:
    log: list[Any] = []
    measure("texts", log, Visited(took_ms=[3.0], refused={}), 20)

    assert [Visits, Begin, Visits, Finish] == [type(each) for each in log]
    assert 20.0 == log[1].seconds


def test_a_member_searches_by_meaning_beside_questions_only() -> None:
    log: list[Any] = []
    measure("questions", log, Visited(took_ms=[3.0], refused={}), 21)

    assert [SEARCHER, SEARCHER] == [each.visitors[-1].source for each in log if isinstance(each, Visits)]


def test_a_quiet_period_with_refusals_is_no_measure() -> None:
    with pytest.raises(MeasurementFailed, match="Before texts"):
        measure("texts", [], Visited(took_ms=[3.0], refused={"closed": 1}), 20)
