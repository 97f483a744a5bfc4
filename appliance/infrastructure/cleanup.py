"""The nightly clean-up: deletes old events and jobs, and files that interrupted work left behind."""

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
# Temporary files younger than this are kept, because a command without a job may be using them.
MIN_AGE_S = DAY_S


class CleanupParts(Protocol):
    """The parts of the appliance that the clean-up needs.

    `temporary_files` maps folders to the pattern of their temporary files. `delete_old_records` deletes records that the
    domains keep only for a limited time.
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


def clean_up(context: JobContext, _arguments: NoArguments, parts: CleanupParts) -> str:
    """Delete old events, old finished jobs and orphaned files."""
    now = SYSTEM_CLOCK.time()
    before = now - parts.settings.keep_events_days * DAY_S
    context.report(0.1, "pruning", now=True)
    # There are several short units of work, so that another write waits for at most one of them.
    with parts.appliance_db.write() as work:
        pruned = prune_events(work, before)
    with parts.appliance_db.write() as work:
        parts.delete_old_records(work, before=before, now=now)
    deleted_jobs = parts.jobs.forget(before)
    context.report(0.6, "deleting orphaned files")
    removed = remove_orphans(parts.jobs, parts.folder.working_folder)
    for folder, pattern in parts.temporary_files.items():
        for path in folder.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > MIN_AGE_S:
                    _remove(path)
                    removed += 1
    return f"deleted {pruned:,} events, {deleted_jobs:,} jobs and {removed:,} orphaned files"


def remove_orphans(jobs: Jobs, working_folder: Path) -> int:
    """Delete the folders of jobs that are neither queued nor running. Return the number of deleted folders."""
    # Folders are listed before jobs. So if a job starts in between, its folder is kept.
    folders = list(working_folder.glob("job-*"))
    active = {f"job-{job.id}" for job in jobs.active()}
    orphans = [path for path in folders if path.name not in active]
    for path in orphans:
        _remove(path)
    return len(orphans)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


CLEAN_UP = JobKind("tidy", clean_up, title="Clean up", short=True, daily_at=3)
KINDS: tuple[JobKind[Any, CleanupParts], ...] = (CLEAN_UP,)
