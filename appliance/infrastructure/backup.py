"""What is kept safe by itself: a nightly copy of people's data, and a look whether the files are whole."""

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
    """A database is not whole."""


class BackupParts(Protocol):
    """The parts of the appliance that these jobs need."""

    @property
    def appliance_db(self) -> Database: ...
    @property
    def library(self) -> Database: ...
    @property
    def folder(self) -> DataFolder: ...
    @property
    def settings(self) -> Settings: ...


def back_up(context: JobContext, _arguments: NoArguments, parts: BackupParts) -> str:
    """Copy people's data, checked, beside the older copies; the newest `keep_backups` stay."""
    database, folder, keep = parts.appliance_db, parts.folder.backups, parts.settings.keep_backups
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = context.folder / "copy.db"
    copy.unlink(missing_ok=True)
    context.report(0.1, "copying", now=True)
    database.copy_to(copy)
    context.report(0.7, "checking the copy")
    _check(Database(copy, ()), "The copy")
    # By its job, so that a copy made again after a crash takes the place of the first.
    target = folder / NAME.format(datetime.fromtimestamp(context.job.created_at, UTC), context.job.id)
    copy.chmod(0o600)
    move_into_place(copy, target)
    # A clock that was set back since the job began makes no difference to its copy.
    copies = backups_by_age(folder, datetime.fromtimestamp(max(time.time(), context.job.created_at), UTC))
    for old in copies[:-keep]:
        old.unlink()
    return f"{target.name}, {target.stat().st_size / 2**20:.1f} MiB; {min(len(copies), keep)} kept"


def backups_by_age(folder: Path, now: datetime) -> list[Path]:
    """The backups in a folder, the oldest first, by the time in their names.

    One with a time after `now` was made while the clock was ahead. Nothing says how old it is: it counts as the oldest.
    """
    latest = f"appliance-{now:%Y-%m-%d-%H%M%S}"
    return sorted(folder.glob(PATTERN), key=lambda path: (path.name[: len(latest)] <= latest, path.name))


def check_databases(context: JobContext, _arguments: NoArguments, parts: BackupParts) -> str:
    """Look whether every page of the databases is whole. Raises DataDamaged."""
    databases = {"People's data": parts.appliance_db, "the library": parts.library}
    for number, (name, database) in enumerate(databases.items()):
        context.report(number / len(databases), f"looking at {name}", now=True)
        _check(database, name)
    return f"{' and '.join(databases)} are whole"


def _check(database: Database, name: str) -> None:
    finding = database.integrity()
    database.close()
    if finding != "ok":
        raise DataDamaged(
            f"{name} is not whole: {finding}.",
            remedy="`lampstand doctor` says what can be done; keep the last backups.",
        )


BACKUP = JobKind("backup", back_up, title="Back up people's data", short=True, priority=5, daily_at=2, on_request=True)
CHECK = JobKind("check", check_databases, title="Check the databases", short=True, daily_at=4)
KINDS: tuple[JobKind[Any, BackupParts], ...] = (BACKUP, CHECK)
