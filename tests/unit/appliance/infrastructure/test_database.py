"""Units of work, migrations, and messages for the engine's errors."""

import threading
from pathlib import Path

import pytest

from appliance.infrastructure.connections import LOG_SIZE_LIMIT, Synchronous
from appliance.infrastructure.database import Database, Migration, UnitOfWork
from appliance.infrastructure.database_errors import DatabaseDamaged, DatabaseNotWritable, DatabaseTooNew, DiskFull
from server.bootstrap import Appliance


def m001_things(work: UnitOfWork) -> None:
    work.execute("CREATE TABLE things (name TEXT)")


def m002_colour(work: UnitOfWork) -> None:
    work.execute("ALTER TABLE things ADD COLUMN colour TEXT")


def opened(path: Path, *migrations: Migration) -> Database:
    database = Database(path, migrations or (m001_things,))
    database.migrate()
    return database


def names(database: Database) -> list[str]:
    return [name for (name,) in database.reader.rows("SELECT name FROM things")]


def test_a_unit_of_work_is_committed_unless_an_error_is_raised(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('kept')")
    with pytest.raises(ZeroDivisionError), database.write() as work:
        work.execute("INSERT INTO things VALUES ('failed')")
        raise ZeroDivisionError
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('after a failure')")

    assert ["kept", "after a failure"] == names(database)


def test_returning_from_within_a_unit_of_work_commits_it(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")

    def write() -> int:
        with database.write() as work:
            work.execute("INSERT INTO things VALUES ('kept')")
            return work.changes

    assert 1 == write()
    assert ["kept"] == names(database)


def test_a_script_may_have_semicolons_in_literals_and_triggers(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute_script("""
            CREATE TRIGGER doubled AFTER INSERT ON things WHEN new.name NOT LIKE '%!' BEGIN
                SELECT 1;
                INSERT INTO things (name) VALUES (new.name || '!');
            END;
            INSERT INTO things (name) VALUES ('one;
two')
        """)

    assert ["one;\ntwo", "one;\ntwo!"] == names(database)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")

    with pytest.raises(DatabaseNotWritable):
        database.reader.rows("INSERT INTO things VALUES ('x')")


def test_migrations_are_applied_once_and_in_order(tmp_path: Path) -> None:
    opened(tmp_path / "a.db").close()
    database = opened(tmp_path / "a.db", m001_things, m002_colour)
    database.close()
    again = opened(tmp_path / "a.db", m001_things, m002_colour)

    assert [("m001_things",), ("m002_colour",)] == again.reader.rows("SELECT name FROM migrations ORDER BY rowid")


def test_a_file_of_a_newer_version_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    opened(path, m001_things, m002_colour).close()
    before = path.read_bytes()

    with pytest.raises(DatabaseTooNew, match="m002_colour"):
        opened(path)
    assert before == path.read_bytes()


def test_a_file_that_is_not_a_database_is_reported_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)

    with pytest.raises(DatabaseDamaged):
        opened(tmp_path / "a.db")


def test_a_full_disk_is_reported_and_nothing_is_committed(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with pytest.raises(DiskFull, match="full"), database.write() as work:
        work.execute("PRAGMA max_page_count = 5")
        for _ in range(100):
            work.execute("INSERT INTO things VALUES (?)", ("x" * 4000,))

    assert [] == names(database)


def test_writers_of_many_threads_wait_for_each_other(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")

    def write(number: int) -> None:
        with database.write() as work:
            work.execute("INSERT INTO things VALUES (?)", (str(number),))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 20 == len(names(database))


@pytest.mark.parametrize(("synchronous", "level"), [(Synchronous.FULL, 2), (Synchronous.NORMAL, 1)])
def test_writes_have_the_chosen_durability(tmp_path: Path, synchronous: Synchronous, level: int) -> None:
    database = Database(tmp_path / "a.db", [m001_things], synchronous=synchronous)
    database.migrate()
    with database.write() as work:
        assert [(level,)] == work.execute("PRAGMA synchronous")
        assert [("wal",)] == work.execute("PRAGMA journal_mode")
        assert [(LOG_SIZE_LIMIT,)] == work.execute("PRAGMA journal_size_limit")


def test_peoples_data_is_synced_at_each_commit(appliance: Appliance) -> None:
    with appliance.appliance_db.write() as work:
        assert [(2,)] == work.execute("PRAGMA synchronous")
    with appliance.library.write() as work:
        assert [(1,)] == work.execute("PRAGMA synchronous")


def test_a_database_is_empty_until_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = Database(path, [m001_things])
    assert database.is_empty
    path.touch()
    assert database.is_empty
    database.migrate()
    assert not database.is_empty


def test_an_emptied_log_takes_no_space_and_loses_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute_many("INSERT INTO things VALUES (?)", [("much" * 100,)] * 1_000)
    log = tmp_path / "a.db-wal"
    assert log.stat().st_size > 100_000

    database.empty_log()

    assert 0 == log.stat().st_size
    assert 1_000 == len(names(database))


def test_a_log_with_readers_is_emptied_by_a_later_checkpoint(tmp_path: Path) -> None:
    database, other = opened(tmp_path / "a.db"), opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute_many("INSERT INTO things VALUES (?)", [("much",)] * 1_000)
    reading = other.reader.each("SELECT name FROM things")
    next(reading)
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('later')")

    database.empty_log(wait_ms=10)

    assert 999 == len(list(reading))
    assert 1_001 == len(names(database))


def test_a_file_that_is_not_writable_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('kept')")
    database.close()
    monkeypatch.setattr(Database, "is_writable", False)
    database = opened(tmp_path / "a.db")

    assert ["kept"] == names(database)
    with pytest.raises(DatabaseNotWritable), database.write():
        pass
    with pytest.raises(DatabaseNotWritable):
        opened(tmp_path / "a.db", m001_things, m002_colour)
    assert [tmp_path / "a.db"] == list(tmp_path.iterdir())


def test_a_unit_of_work_sees_its_own_changes(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('new')")
        for source, count in ((work, 1), (database.reader, 0)):
            assert count == source.value("SELECT count(*) FROM things")
            assert count == len(source.rows("SELECT name FROM things"))
            assert (source.row("SELECT name FROM things") is None) == (count == 0)
