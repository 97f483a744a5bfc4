"""What is thrown away by itself: old events and jobs, and what cut-off work left behind."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from appliance.infrastructure.clock import SYSTEM_CLOCK
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import prune_events
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind, NoArguments
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings

DAY_S = 86_400.0
# Work that was begun by a command may be under way without being a job.
OLD_ENOUGH_S = DAY_S


class TidyingParts(Protocol):
    """The parts of the appliance that tidying needs.

    `temporary_files` names folders with the pattern of files that are only there while somebody works in them.
    `delete_old_records` deletes what the domains keep no longer than a time.
    """

    @property
    def jobs(self) -> Jobs: ...
    @property
    def appliance_db(self) -> Database: ...
    @property
    def folder(self) -> DataFolder: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def temporary_files(self) -> Mapping[Path, str]: ...
    def delete_old_records(self, work: UnitOfWork, *, before: float, now: float) -> None: ...


def tidy(context: JobContext, _arguments: NoArguments, parts: TidyingParts) -> str:
    """Prune the event log and the jobs that are over, and remove orphaned files."""
    now = SYSTEM_CLOCK.time()
    before = now - parts.settings.keep_events_days * DAY_S
    context.report(0.1, "pruning", now=True)
    # Several short units of work: people's writes wait for no more than one of them.
    with parts.appliance_db.write() as work:
        pruned = prune_events(work, before)
    with parts.appliance_db.write() as work:
        parts.delete_old_records(work, before=before, now=now)
    forgotten = parts.jobs.forget(before)
    context.report(0.6, "removing what was left behind")
    removed = remove_orphans(parts.jobs, parts.folder.workshop)
    for folder, pattern in parts.temporary_files.items():
        for path in folder.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > OLD_ENOUGH_S:
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


TIDY = JobKind("tidy", tidy, title="Tidy up", short=True, daily_at=3)
KINDS: tuple[JobKind[Any, TidyingParts], ...] = (TIDY,)
