"""What is thrown away by itself: old events and jobs, and what cut-off work left behind."""

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.infrastructure.events import EventLog
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.runner import JobContext

TIDY = JobKind(name="tidy", short=True)
DAY_S = 86_400.0
# Work that was begun by a command may be under way without being a job.
OLD_ENOUGH_S = DAY_S


def tidy(
    context: JobContext,
    _arguments: Mapping[str, Any],
    *,
    jobs: Jobs,
    events: EventLog,
    workshop: Path,
    keep_days: float,
    scraps: Mapping[Path, str],
    more: Sequence[Callable[[float], int]] = (),
) -> str:
    """Prune the event log and the jobs that are over, and remove orphaned files.

    `scraps` names folders with the pattern of what is only there while somebody works in them; each of `more` forgets
    something else that is older than a time.
    """
    before = time.time() - keep_days * DAY_S
    context.report(0.1, "pruning", now=True)
    pruned, forgotten = events.prune(before), jobs.forget(before)
    for forget in more:
        forget(before)
    context.report(0.6, "removing what was left behind")
    removed = remove_orphans(jobs, workshop)
    for folder, pattern in scraps.items():
        for path in folder.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > OLD_ENOUGH_S:
                    _remove(path)
                    removed += 1
    return f"{pruned:,} events, {forgotten:,} jobs and {removed:,} files left behind were removed"


def remove_orphans(jobs: Jobs, workshop: Path) -> int:
    """Remove the folders of jobs that neither wait nor run; how many those were."""
    # First the folders, then the jobs: one that begins in between keeps its own.
    there = list(workshop.glob("job-*"))
    active = {f"job-{job.id}" for job in jobs.active()}
    orphans = [path for path in there if path.name not in active]
    for path in orphans:
        _remove(path)
    return len(orphans)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
