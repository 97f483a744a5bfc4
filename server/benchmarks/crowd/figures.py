"""What the periods say: how much slower reading was beside each abuse, and who was refused."""

import msgspec

from server.benchmarks.crowd.messages import TIMEOUT, AbuseOutcome, Visited
from server.benchmarks.report import Measurement, at_most, plain, quantile

MAX_OVER_QUIET = 3.0


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """All readings of a period, and the searches by meaning where there were any."""

    read: Visited
    searched: Visited | None = None


class Abused(msgspec.Struct, frozen=True, kw_only=True):
    """One abuse: the period before it, the period of it, and how the server treated it."""

    name: str
    quiet: Period
    busy: Period
    outcome: AbuseOutcome


def together(visited: list[Visited]) -> Visited:
    """The visits of several visitors as those of one."""
    reasons = sorted({reason for each in visited for reason in each.refused})
    return Visited(
        took_ms=[took for each in visited for took in each.took_ms],
        refused={reason: sum(each.refused.get(reason, 0) for each in visited) for reason in reasons},
    )


def over_quiet(abused: Abused) -> float:
    """How many times the p95 of the quiet period reading took."""
    return quantile(abused.busy.read.took_ms, 0.95) / quantile(abused.quiet.read.took_ms, 0.95)


def measurements(abuses: list[Abused]) -> list[Measurement]:
    """The bars first, then the figures of each abuse.

    `search_notices` counts the searches that were not answered by meaning, those without an answer in time included.
    """
    refused = sum(_count(each.busy.read) for each in abuses)
    searches = [each.busy.searched for each in abuses if each.busy.searched]
    return [
        at_most("read_p95_over_quiet", max(map(over_quiet, abuses)), "times", MAX_OVER_QUIET, baseline=1.0),
        at_most("refused_readers", refused, "readings", 0),
        *([at_most("search_notices", sum(map(_count, searches)), "searches", 0)] if searches else []),
        *(figure for each in abuses for figure in _of_one(each)),
    ]


def _of_one(abused: Abused) -> list[Measurement]:
    name, quiet, busy, outcome = abused.name, abused.quiet.read.took_ms, abused.busy.read.took_ms, abused.outcome
    found = [
        plain(f"read_p95_over_quiet_{name}", over_quiet(abused), "times", 1.0),
        plain(f"read_p50_ms_{name}", quantile(busy, 0.5), "ms", round(quantile(quiet, 0.5), 2)),
        plain(f"read_p95_ms_{name}", quantile(busy, 0.95), "ms", round(quantile(quiet, 0.95), 2)),
        plain(f"refused_readers_{name}", _count(abused.busy.read), "readings"),
        plain(f"abuse_answered_{name}", outcome.answered, "requests"),
        plain(f"abuse_refused_{name}", sum(outcome.refused.values()), "requests"),
        plain(f"abuse_first_served_{name}", outcome.first_served, "clients"),
        plain(f"abuse_open_at_most_{name}", outcome.open_at_most, "requests"),
    ]
    if abused.busy.searched and abused.quiet.searched:
        before = round(quantile(abused.quiet.searched.took_ms, 0.95), 2)
        late = abused.busy.searched.refused.get(TIMEOUT, 0)
        found.append(plain(f"search_p95_ms_{name}", quantile(abused.busy.searched.took_ms, 0.95), "ms", before))
        found.append(plain(f"search_timeouts_{name}", late, "searches"))
    return found


def _count(visited: Visited) -> int:
    return sum(visited.refused.values())
