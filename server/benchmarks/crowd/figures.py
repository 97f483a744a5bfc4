"""The results of the periods: how much slower reading was during each abuse, and how many requests were refused."""

import msgspec

from server.benchmarks.crowd.messages import TIMEOUT, AbuseOutcome, VisitResults
from server.benchmarks.report import Measurement, at_most, plain, quantile

MAX_OVER_QUIET = 3.0


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all readers in one period. If there was a searcher, also the results of the searches by meaning."""

    readings: VisitResults
    searches: VisitResults | None = None


class MeasuredAbuse(msgspec.Struct, frozen=True, kw_only=True):
    """One abuse: the quiet period before it, the busy period during it, and how the server handled it."""

    name: str
    quiet: Period
    busy: Period
    outcome: AbuseOutcome


def combined(results: list[VisitResults]) -> VisitResults:
    """Combine the results of several visitors."""
    reasons = sorted({reason for visitor in results for reason in visitor.refused})
    return VisitResults(
        took_ms=[took for visitor in results for took in visitor.took_ms],
        refused={reason: sum(visitor.refused.get(reason, 0) for visitor in results) for reason in reasons},
    )


def over_quiet(abuse: MeasuredAbuse) -> float:
    """Return the p95 of reading during the abuse, divided by the p95 of the quiet period."""
    return quantile(abuse.busy.readings.took_ms, 0.95) / quantile(abuse.quiet.readings.took_ms, 0.95)


def measurements(abuses: list[MeasuredAbuse]) -> list[Measurement]:
    """Return the measurements with a target, then the figures of each abuse.

    `search_notices` counts the searches that were not answered by meaning, including searches that timed out.
    """
    refused = sum(_refusals(abuse.busy.readings) for abuse in abuses)
    searches = [abuse.busy.searches for abuse in abuses if abuse.busy.searches]
    return [
        at_most("read_p95_over_quiet", max(map(over_quiet, abuses)), "times", MAX_OVER_QUIET, baseline=1.0),
        at_most("refused_readers", refused, "readings", 0),
        *([at_most("search_notices", sum(map(_refusals, searches)), "searches", 0)] if searches else []),
        *(figure for abuse in abuses for figure in _figures_of(abuse)),
    ]


def _figures_of(abuse: MeasuredAbuse) -> list[Measurement]:
    name, quiet, busy, outcome = abuse.name, abuse.quiet.readings.took_ms, abuse.busy.readings.took_ms, abuse.outcome
    figures = [
        plain(f"read_p95_over_quiet_{name}", over_quiet(abuse), "times", 1.0),
        plain(f"read_p50_ms_{name}", quantile(busy, 0.5), "ms", round(quantile(quiet, 0.5), 2)),
        plain(f"read_p95_ms_{name}", quantile(busy, 0.95), "ms", round(quantile(quiet, 0.95), 2)),
        plain(f"refused_readers_{name}", _refusals(abuse.busy.readings), "readings"),
        plain(f"abuse_answered_{name}", outcome.answered, "requests"),
        plain(f"abuse_refused_{name}", sum(outcome.refused.values()), "requests"),
        plain(f"abuse_first_served_{name}", outcome.first_served, "clients"),
        plain(f"abuse_open_at_most_{name}", outcome.open_at_most, "requests"),
    ]
    if abuse.busy.searches and abuse.quiet.searches:
        before = round(quantile(abuse.quiet.searches.took_ms, 0.95), 2)
        late = abuse.busy.searches.refused.get(TIMEOUT, 0)
        figures.append(plain(f"search_p95_ms_{name}", quantile(abuse.busy.searches.took_ms, 0.95), "ms", before))
        figures.append(plain(f"search_timeouts_{name}", late, "searches"))
    return figures


def _refusals(results: VisitResults) -> int:
    return sum(results.refused.values())
