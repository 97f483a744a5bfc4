"""Each abuse follows a quiet period."""

from random import Random
from typing import Any, cast

import pytest

from server.benchmarks.crowd.measurement import measure_abuse
from server.benchmarks.crowd.messages import AbuseOutcome, Begin, Begun, Finish, VisitResults, Visits
from server.benchmarks.crowd.plan import SEARCHER, CrowdSite
from server.benchmarks.helper_process import Answer, HelperProcess, MeasurementFailed

SITE = CrowdSite(
    port=1, token="", session="", searcher_token="", translations=["WEB"], chapters=["/1"], openings=["x"] * 50
)
OUTCOME = AbuseOutcome(answered=5, refused={}, first_served=2, open_at_most=3)


class PreparedHelper(HelperProcess):
    """A helper process with prepared answers. It records its requests."""

    def __init__(self, log: list[Any], answers: list[Any]) -> None:
        self._log, self._answers = log, answers

    def ask(self, request: Any, answer: type[Answer]) -> Answer:
        self._log.append(request)
        prepared = self._answers.pop(0)
        assert isinstance(prepared, list if answer == list[VisitResults] else answer)
        return cast("Answer", prepared)


def periods(quiet: VisitResults, busy: VisitResults, visitors: int) -> list[list[VisitResults]]:
    return [[quiet] * visitors, [busy] * visitors]


def measure(name: str, log: list[Any], quiet: VisitResults, visitors: int) -> None:
    busy = VisitResults(took_ms=[9.0], refused={"429": 1})
    result = measure_abuse(
        name,
        SITE,
        PreparedHelper(log, periods(quiet, busy, visitors)),
        PreparedHelper(log, [Begun(), OUTCOME]),
        Random(1),
        lambda _line: None,
    )

    assert (20, {"429": 20}) == (len(result.busy.readings.took_ms), result.busy.readings.refused)
    assert OUTCOME == result.outcome
    assert (visitors > 20) == (result.busy.searches is not None)


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.benchmarks.crowd.measurement.await_calm", lambda: None)


def test_readers_read_before_and_during_an_abuse() -> None:
    log: list[Any] = []
    measure("texts", log, VisitResults(took_ms=[3.0], refused={}), 20)

    assert [Visits, Begin, Visits, Finish] == [type(request) for request in log]
    assert 20.0 == log[1].seconds


def test_a_member_searches_by_meaning_only_during_questions() -> None:
    log: list[Any] = []
    measure("questions", log, VisitResults(took_ms=[3.0], refused={}), 21)

    assert [SEARCHER, SEARCHER] == [request.visitors[-1].source for request in log if isinstance(request, Visits)]


def test_refusals_in_the_quiet_period_stop_the_measurement() -> None:
    with pytest.raises(MeasurementFailed, match="quiet period before texts"):
        measure("texts", [], VisitResults(took_ms=[3.0], refused={"closed": 1}), 20)
