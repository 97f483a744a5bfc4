"""Detects that an installation has lost people's data, and restores a backup."""

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
    """The database of people's data is missing or empty, although the data folder was in use."""


class BackupMissing(NotFound):
    """There is no backup to restore."""


class BackupUnusable(Refused):
    """A file cannot be used as a backup."""


def newest_backup(folder: Path, now: datetime) -> Path | None:
    """Return the newest backup in a folder, or None if the folder has no backup."""
    return next(reversed(backups_by_age(folder, now)), None)


def traces_of_use(folder: DataFolder) -> list[Path]:
    """Return the existing paths that show that a data folder was in use.

    Only files that are created after the database of people's data count. A library, models, logs and the like can exist
    before it. An interrupted first start leaves the database with a header and a log, but never a log without a database.
    """
    candidates = [folder.tls, folder.backups, folder.files, *sorted(folder.home.glob("queue-*.db"))]
    if not _has_content(folder.appliance_db):
        candidates.insert(0, folder.appliance_db.with_name(f"{folder.appliance_db.name}-wal"))
    return [path for path in candidates if _has_content(path)]


def check_not_lost(folder: DataFolder, database: Database) -> None:
    """Raises PeopleDataLost if the database is missing or empty although the folder was in use."""
    # Look for the traces first: another process may be creating the database and, after that, the other files.
    traces = traces_of_use(folder)
    if not traces or not database.is_empty:
        return
    state = "empty" if folder.appliance_db.exists() else "missing"
    names = ", ".join(path.name for path in traces)
    backup = newest_backup(folder.backups, datetime.now(UTC))
    restore = (
        f"The newest backup is {backup.name}. To restore it, run `lampstand restore`."
        if backup
        else "There is no backup. If you have a copy of the file, run `lampstand restore FILE`."
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
    """Replace the database with a backup, by default with the newest. No process may have the database open.

    `prepare` can change the checked copy before this function puts it in place. Returns the backup, and the new names of
    the files that were replaced. Raises BackupMissing, BackupUnusable or DatabaseTooNew.
    """
    backup = backup or newest_backup(folder.backups, now)
    if backup is None or not backup.is_file():
        message = f"There is no file {backup}." if backup else f"There is no backup in {folder.backups}."
        raise BackupMissing(message, remedy="Name a backup file: `lampstand restore FILE`.")
    new_file = database.path.with_name("restored.db")
    _delete(new_file)
    try:
        _copy(backup, new_file, folder)
        copy = database.at(new_file)
        _check(copy, backup)
        prepare(copy)
        copy.close()
        _refuse_log(new_file, backup)
    except BaseException:
        _delete(new_file)
        raise
    kept = _set_aside(database.path, f"{now:%Y-%m-%d-%H%M%S}")
    move_into_place(new_file, database.path)
    return backup, kept


def _copy(backup: Path, new_file: Path, folder: DataFolder) -> None:
    """Copy a database and its log. If the database was not closed properly, its last changes are only in the log."""
    for ending in ("", "-wal") if _has_log(backup) else ("",):
        with backup.with_name(backup.name + ending).open("rb") as source:
            target = new_file.with_name(new_file.name + ending)
            # The mode and the owner are set before any content is written. If the path is a link, opening it fails.
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - descriptor
                folder.give_to_owner(file.fileno())
                shutil.copyfileobj(source, file)


def _has_log(path: Path) -> bool:
    """True if the last changes of a database are in its log."""
    return _has_content(path.with_name(f"{path.name}-wal"))


def _refuse_log(new_file: Path, backup: Path) -> None:
    if _has_log(new_file):
        raise BackupUnusable(f"The last changes of {backup} could not be copied.", remedy="Choose another backup.")


def _delete(path: Path) -> None:
    for ending in LOG_ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _check(copy: Database, backup: Path) -> None:
    result = copy.integrity()
    copy.close()
    if result != "ok":
        raise BackupUnusable(f"{backup} is damaged: {result}.", remedy="Choose an older backup.")
    copy.refuse_newer()
    if copy.is_empty:
        raise BackupUnusable(f"{backup} does not contain people's data.", remedy="Choose another backup.")


def _set_aside(path: Path, moment: str) -> list[Path]:
    """Rename a database and its log files, so that an administrator can still examine them."""
    kept = []
    # Rename the log first: a log without its database is harmless, but SQLite must never apply it to another database.
    for ending in reversed(LOG_ENDINGS):
        file = path.with_name(path.name + ending)
        if file.exists():
            target = path.with_name(f"{path.stem}-before-{moment}{path.suffix}{ending}")
            file.rename(target)
            kept.append(target)
    sync(path.parent)
    return kept


def _has_content(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0
