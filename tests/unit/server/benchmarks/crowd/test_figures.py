"""The worst abuse counts, and refusals never improve a figure."""

from server.benchmarks.crowd.figures import Abused, Period, measurements, over_quiet, together
from server.benchmarks.crowd.messages import AbuseOutcome, Visited

NOTHING = AbuseOutcome(answered=0, refused={}, first_served=0, open_at_most=0)


def period(*took_ms: float, refused: int = 0, unfound: int | None = None) -> Period:
    searched = None if unfound is None else Visited(took_ms=[1.0], refused={"503": unfound} if unfound else {})
    read = Visited(took_ms=list(took_ms), refused={"429": refused} if refused else {})
    return Period(read=read, searched=searched)


def abused(name: str, quiet: Period, busy: Period) -> Abused:
    return Abused(name=name, quiet=quiet, busy=busy, outcome=NOTHING)


def test_visits_of_several_are_counted_together() -> None:
    one = Visited(took_ms=[1.0, 2.0], refused={"429": 1})
    other = Visited(took_ms=[3.0], refused={"429": 1, "closed": 2})

    assert Visited(took_ms=[1.0, 2.0, 3.0], refused={"429": 2, "closed": 2}) == together([one, other])


def test_the_ratio_is_that_of_the_95th_percentiles() -> None:
    quiet, busy = period(*[4.0] * 18, 10.0, 10.0), period(*[5.0] * 18, 20.0, 100.0)

    assert over_quiet(abused("texts", quiet, busy)) == 10.0


def test_the_worst_abuse_counts() -> None:
    found = {
        each.name: each
        for each in measurements(
            [
                abused("texts", period(5.0), period(10.0)),
                abused("half_sent", period(5.0), period(20.0, refused=3)),
                abused("cypher_10", period(5.0), period(5.0, refused=1)),
            ]
        )
    }

    assert (4.0, 3.0, False) == tuple(getattr(found["read_p95_over_quiet"], name) for name in ("value", "bar", "holds"))
    assert (4.0, False) == (found["refused_readers"].value, found["refused_readers"].holds)
    assert (2.0, 4.0) == (found["read_p95_over_quiet_texts"].value, found["read_p95_over_quiet_half_sent"].value)
    assert "search_notices" not in found


def test_searches_count_where_there_were_any() -> None:
    quiet = period(5.0, unfound=0)
    good, bad = (
        {each.name: each for each in measurements([abused("questions", quiet, period(5.0, unfound=unfound))])}
        for unfound in (0, 2)
    )

    assert (0.0, True) == (good["search_notices"].value, good["search_notices"].holds)
    assert (2.0, False) == (bad["search_notices"].value, bad["search_notices"].holds)
    assert (1.0, 1.0) == (good["search_p95_ms_questions"].value, good["search_p95_ms_questions"].baseline)


def test_late_searches_are_told_apart() -> None:
    late = Period(read=Visited(took_ms=[5.0], refused={}), searched=Visited(took_ms=[9.0], refused={"timeout": 2}))
    found = {each.name: each.value for each in measurements([abused("questions", period(5.0, unfound=0), late)])}

    assert (2.0, 2.0) == (found["search_notices"], found["search_timeouts_questions"])
