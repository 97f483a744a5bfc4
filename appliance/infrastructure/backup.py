"""What is kept safe by itself: a nightly copy of people's data, and a look whether the files are whole."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.errors import ApplianceError
from appliance.infrastructure.atomic import move_into_place
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.runner import JobContext

BACKUP = JobKind(name="backup", short=True, priority=5)
CHECK = JobKind(name="check", short=True)
PATTERN = "appliance-*.db"
NAME = "appliance-{:%Y-%m-%d-%H%M%S}Z-{}.db"


class DataDamaged(ApplianceError):
    """A database is not whole."""


def back_up(context: JobContext, _arguments: Mapping[str, Any], *, database: Database, folder: Path, keep: int) -> str:
    """Copy people's data, checked, beside the older copies; the newest `keep` stay."""
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


def check_databases(context: JobContext, _arguments: Mapping[str, Any], *, databases: Mapping[str, Database]) -> str:
    """Look whether every page of the databases is whole. Raises DataDamaged."""
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
