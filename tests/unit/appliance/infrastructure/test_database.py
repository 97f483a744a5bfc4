"""Units of work, migrations, and the errors of the engine in words."""

import threading
from pathlib import Path

import pytest

from appliance.infrastructure.database import (
    Database,
    DatabaseDamaged,
    DatabaseNotWritable,
    DatabaseTooNew,
    DiskFull,
    UnitOfWork,
)


def m001_things(work: UnitOfWork) -> None:
    work.execute("CREATE TABLE things (name TEXT)")


def m002_colour(work: UnitOfWork) -> None:
    work.execute("ALTER TABLE things ADD COLUMN colour TEXT")


def opened(path: Path, *migrations) -> Database:
    database = Database(path, migrations or (m001_things,))
    database.migrate()
    return database


def names(database: Database) -> list[str]:
    return [name for (name,) in database.reader.rows("SELECT name FROM things")]


def test_a_unit_of_work_lasts_only_when_committed(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('kept')")
        work.commit()
    with database.write() as work:
        work.execute("INSERT INTO things VALUES ('left without commit')")
    with pytest.raises(ZeroDivisionError), database.write() as work:
        work.execute("INSERT INTO things VALUES ('failed')")
        work.commit()
        raise ZeroDivisionError

    assert ["kept"] == names(database)


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


def test_what_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)

    with pytest.raises(DatabaseDamaged):
        opened(tmp_path / "a.db")


def test_a_full_disk_is_said_so_and_leaves_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")
    with pytest.raises(DiskFull, match="full"), database.write() as work:
        work.execute("PRAGMA max_page_count = 5")
        for _ in range(100):
            work.execute("INSERT INTO things VALUES (?)", ("x" * 4000,))
        work.commit()

    assert [] == names(database)


def test_writers_of_many_threads_queue(tmp_path: Path) -> None:
    database = opened(tmp_path / "a.db")

    def write(number: int) -> None:
        with database.write() as work:
            work.execute("INSERT INTO things VALUES (?)", (str(number),))
            work.commit()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 20 == len(names(database))
