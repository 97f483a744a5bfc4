"""The worst abuse counts, and refusals never improve a figure."""

from server.benchmarks.crowd.figures import MeasuredAbuse, Period, combined, measurements, over_quiet
from server.benchmarks.crowd.messages import AbuseOutcome, VisitResults

NOTHING = AbuseOutcome(answered=0, refused={}, first_served=0, open_at_most=0)


def period(*took_ms: float, refused: int = 0, without_meaning: int | None = None) -> Period:
    searches = (
        None
        if without_meaning is None
        else VisitResults(took_ms=[1.0], refused={"503": without_meaning} if without_meaning else {})
    )
    readings = VisitResults(took_ms=list(took_ms), refused={"429": refused} if refused else {})
    return Period(readings=readings, searches=searches)


def measured(name: str, quiet: Period, busy: Period) -> MeasuredAbuse:
    return MeasuredAbuse(name=name, quiet=quiet, busy=busy, outcome=NOTHING)


def test_the_results_of_several_visitors_are_combined() -> None:
    one = VisitResults(took_ms=[1.0, 2.0], refused={"429": 1})
    other = VisitResults(took_ms=[3.0], refused={"429": 1, "closed": 2})

    assert VisitResults(took_ms=[1.0, 2.0, 3.0], refused={"429": 2, "closed": 2}) == combined([one, other])


def test_the_ratio_is_that_of_the_95th_percentiles() -> None:
    quiet, busy = period(*[4.0] * 18, 10.0, 10.0), period(*[5.0] * 18, 20.0, 100.0)

    assert over_quiet(measured("texts", quiet, busy)) == 10.0


def test_the_worst_abuse_counts() -> None:
    figures = {
        figure.name: figure
        for figure in measurements(
            [
                measured("texts", period(5.0), period(10.0)),
                measured("half_sent", period(5.0), period(20.0, refused=3)),
                measured("cypher_10", period(5.0), period(5.0, refused=1)),
            ]
        )
    }

    assert (4.0, 3.0, False) == tuple(
        getattr(figures["read_p95_over_quiet"], name) for name in ("value", "bar", "holds")
    )
    assert (4.0, False) == (figures["refused_readers"].value, figures["refused_readers"].holds)
    assert (2.0, 4.0) == (figures["read_p95_over_quiet_texts"].value, figures["read_p95_over_quiet_half_sent"].value)
    assert "search_notices" not in figures


def test_searches_are_counted_if_there_are_any() -> None:
    quiet = period(5.0, without_meaning=0)
    good, bad = (
        {
            figure.name: figure
            for figure in measurements([measured("questions", quiet, period(5.0, without_meaning=without_meaning))])
        }
        for without_meaning in (0, 2)
    )

    assert (0.0, True) == (good["search_notices"].value, good["search_notices"].holds)
    assert (2.0, False) == (bad["search_notices"].value, bad["search_notices"].holds)
    assert (1.0, 1.0) == (good["search_p95_ms_questions"].value, good["search_p95_ms_questions"].baseline)


def test_searches_that_time_out_are_counted_separately() -> None:
    late = Period(
        readings=VisitResults(took_ms=[5.0], refused={}), searches=VisitResults(took_ms=[9.0], refused={"timeout": 2})
    )
    figures = {
        figure.name: figure.value
        for figure in measurements([measured("questions", period(5.0, without_meaning=0), late)])
    }

    assert (2.0, 2.0) == (figures["search_notices"], figures["search_timeouts_questions"])
