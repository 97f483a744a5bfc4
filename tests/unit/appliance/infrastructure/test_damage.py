"""A lost database is distinguished from a new installation, and restored from a backup."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.infrastructure.damage import (
    BackupMissing,
    BackupUnusable,
    PeopleDataLost,
    check_not_lost,
    newest_backup,
    restore,
    traces_of_use,
)
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.database_errors import DatabaseTooNew
from appliance.infrastructure.paths import DataFolder

NOW = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)


def m001_people(work: UnitOfWork) -> None:
    work.execute("CREATE TABLE people (name TEXT)")


def m002_newer(work: UnitOfWork) -> None:
    work.execute("CREATE TABLE newer (name TEXT)")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "home").create()


@pytest.fixture
def database(folder: DataFolder) -> Database:
    return Database(folder.appliance_db, [m001_people])


def with_people(path: Path, *names: str, migrations: tuple[Callable[[UnitOfWork], None], ...] = (m001_people,)) -> Path:
    path.parent.mkdir(exist_ok=True)
    database = Database(path, migrations)
    database.migrate()
    with database.write() as work:
        for name in names:
            work.execute("INSERT INTO people VALUES (?)", (name,))
    database.close()
    return path


def names(database: Database) -> list[str]:
    return [name for (name,) in database.reader.rows("SELECT name FROM people")]


def used(folder: DataFolder, trace: str) -> None:
    path = folder.home / trace
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")


@pytest.mark.parametrize(
    "trace", ["tls/authority.key", "backups/appliance-1.db", "files/ab", "queue-library.db", "appliance.db-wal"]
)
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "missing"])
def test_a_lost_database_in_a_folder_that_was_in_use_is_damage(
    folder: DataFolder, database: Database, trace: str, empty: bool
) -> None:
    used(folder, trace)
    if empty:
        folder.appliance_db.touch()
    with pytest.raises(PeopleDataLost) as caught:
        check_not_lost(folder, database)

    assert ("is empty" if empty else "is missing") in caught.value.message
    assert trace.split("/", maxsplit=1)[0] in caught.value.remedy


@pytest.mark.parametrize(
    "trace",
    [
        "library.db",
        "texts/a.zip",
        "models/m.gguf",
        "logs/web.log",
        "run/up.lock",
        "graph/library.kuzu",
        "settings.toml",
    ],
)
def test_a_folder_with_only_a_library_is_a_new_installation(folder: DataFolder, database: Database, trace: str) -> None:
    used(folder, trace)
    check_not_lost(folder, database)
    (folder.home / "tls").mkdir()
    check_not_lost(folder, database)

    assert [] == traces_of_use(folder)


def test_an_interrupted_first_start_is_not_damage(folder: DataFolder, database: Database) -> None:
    started = Database(folder.appliance_db, [])
    with pytest.raises(KeyboardInterrupt), started.write() as work:
        work.execute("CREATE TABLE half (name TEXT)")
        assert folder.appliance_db.stat().st_size > 0
        check_not_lost(folder, database)
        raise KeyboardInterrupt
    used(folder, "appliance.db-wal")
    check_not_lost(folder, database)
    started.close()


def test_an_installation_with_its_database_is_not_damaged(folder: DataFolder, database: Database) -> None:
    with_people(folder.appliance_db, "Anna")
    used(folder, "tls/authority.key")
    check_not_lost(folder, database)


def test_the_error_names_the_newest_backup(folder: DataFolder, database: Database) -> None:
    for name in ("appliance-2026-11-25-020000Z-4.db", "appliance-2026-11-26-020000Z-9.db"):
        with_people(folder.backups / name, "Anna")
    with pytest.raises(
        PeopleDataLost, match=r"appliance-2026-11-26-020000Z-9\.db. To restore it, run `lampstand restore`"
    ):
        check_not_lost(folder, database)


def test_restoring_uses_the_newest_backup_and_keeps_the_replaced_files(folder: DataFolder, database: Database) -> None:
    with_people(folder.backups / "appliance-2026-11-25-020000Z-4.db", "Anna")
    newest = with_people(folder.backups / "appliance-2026-11-26-020000Z-9.db", "Anna", "Ben")
    folder.appliance_db.write_bytes(b"garbage")
    used(folder, "appliance.db-wal")
    restored, kept = restore(folder, database, None, NOW)

    assert newest == restored
    assert {"appliance-before-2026-11-27-083000.db", "appliance-before-2026-11-27-083000.db-wal"} == {
        path.name for path in kept
    }
    assert ["Anna", "Ben"] == names(database)
    assert 0o600 == folder.appliance_db.stat().st_mode & 0o777
    assert newest.exists()


def test_a_backup_from_the_future_is_the_last_choice(folder: DataFolder, database: Database) -> None:
    ahead = with_people(folder.backups / "appliance-2031-01-01-020000Z-3.db", "Anna")
    assert ahead == newest_backup(folder.backups, NOW)
    usual = with_people(folder.backups / "appliance-2026-11-26-020000Z-9.db", "Anna", "Ben")
    assert (usual, []) == restore(folder, database, None, NOW)
    assert newest_backup(folder.home / "none", NOW) is None


def test_a_given_file_can_be_restored(folder: DataFolder, database: Database, tmp_path: Path) -> None:
    copy = with_people(tmp_path / "copy" / "mine.db", "Cara")
    assert (copy, []) == restore(folder, database, copy, NOW)
    assert ["Cara"] == names(database)


def test_an_unusable_backup_changes_nothing(folder: DataFolder, database: Database, tmp_path: Path) -> None:
    with_people(folder.appliance_db, "Anna")
    garbage, empty, newer = tmp_path / "garbage.db", tmp_path / "empty.db", tmp_path / "newer.db"
    garbage.write_bytes(b"no database" * 1000)
    empty.touch()
    with_people(newer, migrations=(m001_people, m002_newer))
    for file, error in (
        (garbage, BackupUnusable),
        (empty, BackupUnusable),
        (newer, DatabaseTooNew),
        (tmp_path / "none.db", BackupMissing),
        (None, BackupMissing),
    ):
        with pytest.raises(error):
            restore(folder, database, file, NOW)
        assert ["Anna"] == names(database)
    assert [] == [path.name for path in folder.home.iterdir() if "before" in path.name or "restored" in path.name]


def test_changes_in_the_log_of_a_backup_are_restored(folder: DataFolder, database: Database, tmp_path: Path) -> None:
    file = with_people(tmp_path / "mine" / "mine.db", "Anna")
    running = Database(file, [m001_people])
    with running.write() as work:
        work.execute("INSERT INTO people VALUES ('Ben')")
    log = file.with_name("mine.db-wal").read_bytes()
    assert log
    restore(folder, database, file, NOW)

    assert ["Anna", "Ben"] == names(database)
    assert log == file.with_name("mine.db-wal").read_bytes()
    assert [] == list(folder.home.glob("restored.db*"))
    running.close()


def test_the_copy_is_prepared_before_it_is_put_in_place(folder: DataFolder, database: Database, tmp_path: Path) -> None:
    def without_anna(copy: Database) -> None:
        assert not database.path.exists()
        with copy.write() as work:
            work.execute("DELETE FROM people WHERE name = 'Anna'")

    restore(folder, database, with_people(tmp_path / "copy" / "mine.db", "Anna", "Ben"), NOW, without_anna)
    assert ["Ben"] == names(database)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can own another user's folder")
def test_a_database_that_root_restores_belongs_to_the_owner_of_the_folder(
    folder: DataFolder, database: Database, tmp_path: Path
) -> None:
    os.chown(folder.home, 12345, 12346)
    restore(folder, database, with_people(tmp_path / "copy" / "mine.db", "Anna"), NOW)
    status = folder.appliance_db.stat()
    assert (12345, 12346, 0o600) == (status.st_uid, status.st_gid, status.st_mode & 0o777)
