"""Nightly jobs: a backup of people's data, and an integrity check of the databases."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from appliance.errors import ApplianceError
from appliance.infrastructure.atomic import move_into_place
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind, NoArguments
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings

PATTERN = "appliance-*.db"
NAME = "appliance-{:%Y-%m-%d-%H%M%S}Z-{}.db"


class DataDamaged(ApplianceError):
    """A database is damaged."""


class BackupParts(Protocol):
    """The parts of the appliance that the jobs of this module need."""

    @property
    def appliance_db(self) -> Database: ...
    @property
    def library(self) -> Database: ...
    @property
    def folder(self) -> DataFolder: ...
    @property
    def settings(self) -> Settings: ...


def back_up(context: JobContext, _arguments: NoArguments, parts: BackupParts) -> str:
    """Create a backup of people's data, check it, and delete all but the newest `keep_backups` backups."""
    database, folder, keep = parts.appliance_db, parts.folder.backups, parts.settings.keep_backups
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = context.folder / "copy.db"
    copy.unlink(missing_ok=True)
    context.report(0.1, "copying", now=True)
    database.copy_to(copy)
    context.report(0.7, "checking the copy")
    _check(Database(copy, ()), "the copy")
    # The name contains the job's id, so a retry after a crash replaces the copy of the first try.
    target = folder / NAME.format(datetime.fromtimestamp(context.job.created_at, UTC), context.job.id)
    copy.chmod(0o600)
    move_into_place(copy, target)
    # If the clock was set back after the job was created, the new copy still counts as the newest.
    copies = backups_by_age(folder, datetime.fromtimestamp(max(time.time(), context.job.created_at), UTC))
    for old in copies[:-keep]:
        old.unlink()
    return f"{target.name}, {target.stat().st_size / 2**20:.1f} MiB; {min(len(copies), keep)} kept"


def backups_by_age(folder: Path, now: datetime) -> list[Path]:
    """Return the backups in a folder, oldest first, by the time in their names.

    If the time in a name is after `now`, the clock was ahead. The age of such a backup is unknown, so it counts as oldest.
    """
    latest = f"appliance-{now:%Y-%m-%d-%H%M%S}"
    return sorted(folder.glob(PATTERN), key=lambda path: (path.name[: len(latest)] <= latest, path.name))


def check_databases(context: JobContext, _arguments: NoArguments, parts: BackupParts) -> str:
    """Check the integrity of the databases. Raises DataDamaged."""
    databases = {"people's data": parts.appliance_db, "the library": parts.library}
    for number, (name, database) in enumerate(databases.items()):
        context.report(number / len(databases), f"checking {name}", now=True)
        _check(database, name)
    return f"no damage found in {' and '.join(databases)}"


def _check(database: Database, name: str) -> None:
    result = database.integrity()
    database.close()
    if result != "ok":
        raise DataDamaged(
            f"Damage found in {name}: {result}.",
            remedy="Run `lampstand doctor` to see what to do. Keep the latest backups.",
        )


BACKUP = JobKind("backup", back_up, title="Back up people's data", short=True, priority=5, daily_at=2, on_request=True)
CHECK = JobKind("check", check_databases, title="Check the databases", short=True, daily_at=4)
KINDS: tuple[JobKind[Any, BackupParts], ...] = (BACKUP, CHECK)
