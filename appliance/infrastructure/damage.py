"""Tells a new installation from one that lost people's data, and puts a backup in the place of what was lost."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from appliance.errors import NotFound, Refused
from appliance.infrastructure.atomic import move_into_place, sync
from appliance.infrastructure.backup import backups_by_age
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DatabaseDamaged
from appliance.infrastructure.paths import DataFolder

LOG_ENDINGS = ("", "-wal", "-shm")


class PeopleDataLost(DatabaseDamaged):
    """The database of people's data is missing or empty in a data folder that was in use."""


class BackupMissing(NotFound):
    """There is no backup to restore."""


class BackupUnusable(Refused):
    """A file is not a whole backup."""


def newest_backup(folder: Path, now: datetime) -> Path | None:
    """The newest backup in a folder, or None where there is no backup."""
    return next(reversed(backups_by_age(folder, now)), None)


def traces_of_use(folder: DataFolder) -> list[Path]:
    """The paths that exist only in a data folder that was in use: they are made after the database of people's data.

    A library, models, logs and the like can be there before it. A first start that was cut off leaves the database
    with a header and a log, but never a log without a database.
    """
    candidates = [folder.tls, folder.backups, folder.files, *sorted(folder.home.glob("queue-*.db"))]
    if not _holds_something(folder.appliance_db):
        candidates.insert(0, folder.appliance_db.with_name(f"{folder.appliance_db.name}-wal"))
    return [path for path in candidates if _holds_something(path)]


def check_not_lost(folder: DataFolder, database: Database) -> None:
    """Raises PeopleDataLost where the database is missing or empty, but the folder was in use."""
    # The traces come first: another process may be creating the database, and then them, at this moment.
    traces = traces_of_use(folder)
    if not traces or not database.is_empty:
        return
    state = "empty" if folder.appliance_db.exists() else "missing"
    names = ", ".join(path.name for path in traces)
    backup = newest_backup(folder.backups, datetime.now(UTC))
    restore = (
        f"The newest backup is {backup.name}: `lampstand restore` puts it in place."
        if backup
        else "There is no backup. If you have a copy of the file, `lampstand restore FILE` puts it in place."
    )
    raise PeopleDataLost(
        f"{folder.appliance_db} is {state}, but this installation was in use: {names} exist. Nothing was changed.",
        remedy=f"{restore} To start without people's data, move {names} out of {folder.home}.",
    )


def restore(
    folder: DataFolder,
    database: Database,
    backup: Path | None,
    now: datetime,
    prepare: Callable[[Database], None] = lambda _copy: None,
) -> tuple[Path, list[Path]]:
    """Put a backup, or the newest one, in the place of the database; no process may have that open.

    `prepare` may change the checked copy before it is put in place. Returns the backup, and the files that were in its place: they are kept under another name. Raises BackupMissing,
    BackupUnusable or DatabaseTooNew.
    """
    backup = backup or newest_backup(folder.backups, now)
    if backup is None or not backup.is_file():
        missing = f"There is no file {backup}." if backup else f"There is no backup in {folder.backups}."
        raise BackupMissing(missing, remedy="Name one: `lampstand restore FILE`.")
    fresh = database.path.with_name("restored.db")
    _delete(fresh)
    try:
        _copy(backup, fresh, folder)
        copy = database.at(fresh)
        _check(copy, backup)
        prepare(copy)
        copy.close()
        _refuse_log(fresh, backup)
    except BaseException:
        _delete(fresh)
        raise
    kept = _set_aside(database.path, f"{now:%Y-%m-%d-%H%M%S}")
    move_into_place(fresh, database.path)
    return backup, kept


def _copy(backup: Path, fresh: Path, folder: DataFolder) -> None:
    """Copy a database with its log: a file that was not closed properly has its last changes there."""
    for ending in ("", "-wal") if _has_log(backup) else ("",):
        with backup.with_name(backup.name + ending).open("rb") as source:
            target = fresh.with_name(fresh.name + ending)
            # The mode and the owner are set before there is content; a link at this place is refused.
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                folder.give_to_owner(file.fileno())
                shutil.copyfileobj(source, file)


def _has_log(path: Path) -> bool:
    """True where the last changes of a database are in a file beside it."""
    return _holds_something(path.with_name(f"{path.name}-wal"))


def _refuse_log(fresh: Path, backup: Path) -> None:
    if _has_log(fresh):
        raise BackupUnusable(f"The last changes of {backup} could not be copied.", remedy="Choose another backup.")


def _delete(path: Path) -> None:
    for ending in LOG_ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _check(copy: Database, backup: Path) -> None:
    finding = copy.integrity()
    copy.close()
    if finding != "ok":
        raise BackupUnusable(f"{backup} is not whole: {finding}.", remedy="Choose an older backup.")
    copy.refuse_newer()
    if copy.is_empty:
        raise BackupUnusable(f"{backup} holds no people's data.", remedy="Choose another backup.")


def _set_aside(path: Path, moment: str) -> list[Path]:
    """Rename a database with the files beside it, so that a person or a tool can still look at them."""
    kept = []
    # The log first: without its database it is harmless, but another database must never find it.
    for ending in reversed(LOG_ENDINGS):
        file = path.with_name(path.name + ending)
        if file.exists():
            target = path.with_name(f"{path.stem}-before-{moment}{path.suffix}{ending}")
            file.rename(target)
            kept.append(target)
    sync(path.parent)
    return kept


def _holds_something(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0
