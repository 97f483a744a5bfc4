"""Twenty readers beside one abuse after the other."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from server.benchmarks.companion import Companion, MeasurementFailed, companion
from server.benchmarks.crowd.figures import Abused, Period, measurements, together
from server.benchmarks.crowd.messages import AbuseOutcome, Begin, Begun, Finish, Visited, Visits
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
from server.benchmarks.report import Measurement
from server.benchmarks.serving import ending_properly
from server.bootstrap import Appliance

SEED = 11
OnProgress = Callable[[str], None]


def measure_crowd(appliance: Appliance, only: Sequence[str], on_progress: OnProgress) -> list[Measurement]:
    """`read_p95_over_quiet`, `refused_readers`, `search_notices` and the figures of each abuse, or of those in `only`.

    Raises NothingToRead, NoGraph or MeasurementFailed.
    """
    names = [name for name in ABUSES if name in only or not only]
    with ExitStack() as stack:
        stack.enter_context(ending_properly())
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home))
        on_progress("starting a server")
        site = stack.enter_context(crowded_site(appliance, Path(scratch), with_questions=BY_MEANING in names))
        visitors = stack.enter_context(companion("server.benchmarks.crowd.visitors", str(site.port)))
        abusers = stack.enter_context(companion("server.benchmarks.crowd.abusers", str(site.port)))
        seeds = Random(SEED)  # noqa: S311 - the same readings in each run
        on_progress("warming up")
        _visit(visitors, site, seeds.random(), searches=False)
        return measurements([measure_abuse(name, site, visitors, abusers, seeds, on_progress) for name in names])


def measure_abuse(
    name: str, site: CrowdSite, visitors: Companion, abusers: Companion, seeds: Random, on_progress: OnProgress
) -> Abused:
    """A quiet period, then the abuse. Raises MeasurementFailed where the quiet period was not quiet."""
    searches = name == BY_MEANING
    on_progress(f"before {name}")
    await_calm()
    quiet = _visit(visitors, site, seeds.random(), searches=searches)
    if quiet.read.refused or (quiet.searched and quiet.searched.refused):
        raise MeasurementFailed(
            f"Before {name}, while nothing else happened, requests were refused.", remedy="Is the machine busy?"
        )
    on_progress(f"during {name}")
    abusers.ask(Begin(abuse=abuse_named(name, site), seconds=PERIOD_S), Begun)
    busy = _visit(visitors, site, seeds.random(), searches=searches)
    return Abused(name=name, quiet=quiet, busy=busy, outcome=abusers.ask(Finish(), AbuseOutcome))


def _visit(visitors: Companion, site: CrowdSite, seed: float, *, searches: bool) -> Period:
    """A period of reading, and of searching where it is asked for."""
    guests = readers(site, seed)
    also = [searcher(site, seed)] if searches else []
    visited = visitors.ask(Visits(visitors=[*guests, *also], timeout_s=TIMEOUT_S), list[Visited])
    return Period(read=together(visited[: len(guests)]), searched=visited[-1] if searches else None)
