"""Measure how fast twenty people can read while one abuse after another runs."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from server.benchmarks.crowd.figures import MeasuredAbuse, Period, combined, measurements
from server.benchmarks.crowd.messages import AbuseOutcome, Begin, Begun, Finish, VisitResults, Visits
from server.benchmarks.crowd.plan import (
    ABUSES,
    BY_MEANING,
    PERIOD_S,
    TIMEOUT_S,
    CrowdSite,
    abuse_named,
    readers,
    searcher,
)
from server.benchmarks.crowd.site import await_calm, crowded_site
from server.benchmarks.helper_process import HelperProcess, MeasurementFailed, helper_process
from server.benchmarks.report import Measurement
from server.benchmarks.serving import exit_on_sigterm
from server.bootstrap import Appliance

SEED = 11
OnProgress = Callable[[str], None]


def measure_crowd(appliance: Appliance, only: Sequence[str], on_progress: OnProgress) -> list[Measurement]:
    """Return `read_p95_over_quiet`, `refused_readers`, `search_notices` and the figures of the abuses in `only`, or of all.

    Raises NothingToRead, NoGraph or MeasurementFailed.
    """
    names = [name for name in ABUSES if name in only or not only]
    with ExitStack() as stack:
        stack.enter_context(exit_on_sigterm())
        temporary_folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home)
        )
        on_progress("starting a server")
        site = stack.enter_context(crowded_site(appliance, Path(temporary_folder), with_questions=BY_MEANING in names))
        visitors = stack.enter_context(helper_process("server.benchmarks.crowd.visitors", str(site.port)))
        abusers = stack.enter_context(helper_process("server.benchmarks.crowd.abusers", str(site.port)))
        seeds = Random(SEED)  # noqa: S311 - the same readings in each run
        on_progress("warming up")
        _visit(visitors, site, seeds.random(), searches=False)
        return measurements([measure_abuse(name, site, visitors, abusers, seeds, on_progress) for name in names])


def measure_abuse(
    name: str, site: CrowdSite, visitors: HelperProcess, abusers: HelperProcess, seeds: Random, on_progress: OnProgress
) -> MeasuredAbuse:
    """Measure a quiet period, then the abuse. Raises MeasurementFailed if requests are refused in the quiet period."""
    searches = name == BY_MEANING
    on_progress(f"quiet period before {name}")
    await_calm()
    quiet = _visit(visitors, site, seeds.random(), searches=searches)
    if quiet.readings.refused or (quiet.searches and quiet.searches.refused):
        raise MeasurementFailed(
            f"Requests were refused in the quiet period before {name}.",
            remedy="Check whether the machine is busy, then try again.",
        )
    on_progress(f"during {name}")
    abusers.ask(Begin(abuse=abuse_named(name, site), seconds=PERIOD_S), Begun)
    busy = _visit(visitors, site, seeds.random(), searches=searches)
    return MeasuredAbuse(name=name, quiet=quiet, busy=busy, outcome=abusers.ask(Finish(), AbuseOutcome))


def _visit(visitors: HelperProcess, site: CrowdSite, seed: float, *, searches: bool) -> Period:
    """Run a period of reading and, if `searches` is set, of searching."""
    guests = readers(site, seed)
    searchers = [searcher(site, seed)] if searches else []
    results = visitors.ask(Visits(visitors=[*guests, *searchers], timeout_s=TIMEOUT_S), list[VisitResults])
    return Period(readings=combined(results[: len(guests)]), searches=results[-1] if searches else None)
