"""The one way to open a SQLite database: migrations, readers by thread, one writer at a time.

A write is a unit of work: `with database.write() as work: …; work.commit()`. Leaving without `commit()` rolls back.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import apsw
import sqlite_vec

from appliance.errors import NotFound, Refused, Unavailable

BUSY_TIMEOUT_MS = 30_000
# What every index of words is made with.
TOKENIZE = "porter unicode61 remove_diacritics 2"
# Higher than any number of a row: where a list without a `before` begins.
NO_ID = 2**62

CREATE_MIGRATIONS = (
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT DEFAULT CURRENT_TIMESTAMP)"
)
HAS_MIGRATIONS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
SELECT_MIGRATIONS = "SELECT name FROM migrations"
RECORD_MIGRATION = "INSERT INTO migrations (name) VALUES (?)"

Row = tuple[Any, ...]


class DatabaseTooNew(Refused):
    """The data folder was written by a newer Lampstand."""


class DatabaseDamaged(Unavailable):
    """A file of the data folder is not a database, or a damaged one."""


class DiskFull(Unavailable):
    """No room is left where the data folder lies."""


class DiskFailed(Unavailable):
    """The disk refused to be read or written."""


class DatabaseBusy(Unavailable):
    """Another process kept the database to itself for longer than anyone should wait."""


class DatabaseNotWritable(Refused):
    """The file may not be written by this user."""


class NumberTooLarge(NotFound):
    """A number that no row can have."""


class UnitOfWork:
    """A transaction in progress. Nothing of it lasts unless `commit()` is called."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.committed = False

    def execute(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        return list(self._connection.execute(statement, parameters))

    def execute_many(self, statement: str, rows: Iterator[Sequence[Any]] | Sequence[Sequence[Any]]) -> None:
        for _ in self._connection.executemany(statement, rows):
            pass

    @property
    def changes(self) -> int:
        """Rows changed by the last statement."""
        return self._connection.changes()

    @property
    def last_insert_id(self) -> int:
        return self._connection.last_insert_rowid()

    def commit(self) -> None:
        self.committed = True


Migration = Callable[[UnitOfWork], None]


class Reader:
    """Runs queries on a connection that cannot write."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._tokenizer: apsw.FTS5Tokenizer | None = None

    def tokens(self, text: str) -> list[str]:
        """The words of a text as the indexes of words have them: without accents, cut to their stems."""
        if self._tokenizer is None:
            name, *options = TOKENIZE.split()
            self._tokenizer = self._connection.fts5_tokenizer(name, options)
        found = self._tokenizer(
            text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False
        )
        return cast("list[str]", found)

    def rows(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        with _engine_errors():
            return list(self._connection.execute(statement, parameters))

    def each(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Iterator[Row]:
        """The rows one after another, for what is too much to hold at once."""
        with _engine_errors():
            yield from self._connection.execute(statement, parameters)

    def row(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def value(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(statement, parameters)
        return found[0] if found else None


class Database:
    """One SQLite file with its migrations: functions in the order in which they were ever added, recorded by name.

    Call `migrate()` before the first use; it makes the file where there is none.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self.path = path
        self._migrations = migrations
        self._writer: apsw.Connection | None = None
        self._writing = threading.RLock()
        self._local = threading.local()

    @property
    def reader(self) -> Reader:
        """A reader of the calling thread's own."""
        found: Reader | None = getattr(self._local, "reader", None)
        if found is None:
            with _engine_errors(self.path):
                found = Reader(_open(self.path, apsw.SQLITE_OPEN_READWRITE, query_only=True))
            self._local.reader = found
        return found

    @contextlib.contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A unit of work, alone among the writers of this process; other processes are waited for."""
        with self._writing, _engine_errors(self.path):
            if self._writer is None:
                self._writer = _open(self.path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            work = UnitOfWork(connection)
            try:
                yield work
                if work.committed:
                    connection.execute("COMMIT")
            finally:
                if not connection.get_autocommit():
                    connection.execute("ROLLBACK")

    def integrity(self) -> str:
        """`ok`, or what is wrong with the file in the engine's words; needs no migration."""
        try:
            return str(self.reader.value("PRAGMA quick_check"))
        except DatabaseDamaged as error:
            return error.message

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of the database as it is now."""
        with self._writing, _engine_errors(path):
            source = _open(self.path, apsw.SQLITE_OPEN_READWRITE)
            source.execute("VACUUM INTO ?", (str(path),))
            source.close()

    def close(self) -> None:
        """Close the writer and this thread's reader."""
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        if getattr(self._local, "reader", None) is not None:
            self._local.reader._connection.close()  # noqa: SLF001
            self._local.reader = None

    def refuse_newer(self) -> None:
        """Raises DatabaseTooNew where the file has migrations that this program does not know; writes nothing."""
        if unknown := self._applied() - {migration.__name__ for migration in self._migrations}:
            raise DatabaseTooNew(
                f"{self.path} was written by a newer Lampstand (it knows {max(unknown)}).",
                remedy="Update this program, or choose another data folder with --home.",
            )

    def migrate(self) -> None:
        """Bring the file up to date. Raises DatabaseTooNew, or DatabaseDamaged for what is no database."""
        self.refuse_newer()
        applied = self._applied()
        pending = [migration for migration in self._migrations if migration.__name__ not in applied]
        if not pending:
            return
        with self.write() as work:
            work.execute(CREATE_MIGRATIONS)
            # Another process may have migrated while this one waited for the lock.
            done = {name for (name,) in work.execute(SELECT_MIGRATIONS)}
            for migration in pending:
                if migration.__name__ not in done:
                    migration(work)
                    work.execute(RECORD_MIGRATION, (migration.__name__,))
            work.commit()

    def _applied(self) -> set[str]:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return set()
        with _engine_errors(self.path):
            connection = _open(self.path, apsw.SQLITE_OPEN_READWRITE, query_only=True, journal=False)
            try:
                if not list(connection.execute(HAS_MIGRATIONS)):
                    return set()
                return {str(name) for (name,) in connection.execute(SELECT_MIGRATIONS)}
            finally:
                connection.close()


def _open(path: Path, flags: int, *, query_only: bool = False, journal: bool = True) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.enable_load_extension(True)  # noqa: FBT003 - the engine's own signature
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)  # noqa: FBT003
    if journal and not query_only:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -4000")
    if query_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


@contextlib.contextmanager
def _engine_errors(path: Path | None = None) -> Iterator[None]:
    """Turn the engine's errors that a person can mend into ours."""
    where = str(path) if path else "the data folder"
    try:
        yield
    except OverflowError as error:
        raise NumberTooLarge("There is nothing of such a number.", remedy="Look at the list again.") from error
    except apsw.FullError as error:
        raise DiskFull(
            f"The disk that holds {where} is full.",
            remedy="Free some space and try again; nothing was half-written.",
        ) from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise DatabaseDamaged(
            f"{where} is damaged or not a database.",
            remedy="Run `lampstand doctor` to see what can be rebuilt.",
        ) from error
    except apsw.IOError as error:
        raise DiskFailed(
            f"The disk that holds {where} could not be read or written.",
            remedy="Is there room on it, and is it whole? Nothing was half-written.",
        ) from error
    except apsw.BusyError as error:
        raise DatabaseBusy(f"{where} is in use by another process.", remedy="Try again in a moment.") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise DatabaseNotWritable(
            f"{where} cannot be opened for writing.", remedy="Run as the user who owns the data folder."
        ) from error


def beginning_with(text: str) -> str:
    r"""A pattern for `LIKE … ESCAPE '\'` of what begins with a text, whatever it holds."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
