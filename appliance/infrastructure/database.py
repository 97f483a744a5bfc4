"""The one way to open a SQLite database: migrations, readers by thread, one writer at a time.

A write is a unit of work: `with database.write() as work: …; work.commit()`. Leaving without `commit()` rolls back.
"""

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import apsw

from appliance.infrastructure.database_errors import DatabaseDamaged, DatabaseTooNew, engine_errors, not_writable

BUSY_TIMEOUT_MS = 30_000
# Each thread has a reader of its own. What it does not keep, the system's cache of files does.
READER_CACHE_KIB = 1_000
# While the log is emptied nobody can write: readers are not waited for any longer.
EMPTY_LOG_MS = 1_000
# The write-ahead log is cut to this size after a checkpoint, so that one large import does not keep the space.
LOG_SIZE_LIMIT = 64 * 2**20
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


class Synchronous(StrEnum):
    """What a power cut can take from a database in WAL mode. It never damages the file.

    `FULL` writes the log to the disk at each commit, so nothing that was committed is lost. `NORMAL` does so at a
    checkpoint only: the last commits can be lost. It is for what can be rebuilt.
    """

    FULL = "FULL"
    NORMAL = "NORMAL"


class UnitOfWork:
    """A transaction in progress. Nothing of it lasts unless `commit()` is called."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.committed = False

    def execute(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        return list(self._connection.execute(statement, parameters))

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any] | dict[str, Any]]) -> None:
        for _ in self._connection.executemany(statement, rows):
            pass

    def execute_script(self, script: str) -> None:
        """Execute several statements, each ended by a semicolon. Literals and triggers may contain semicolons too."""
        for _ in self._connection.execute(script):
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
    """Runs queries on a connection that cannot write.

    It `is_makeshift` where the disk had no room for the files that are shared with writers: it sees no later change.
    """

    def __init__(self, connection: apsw.Connection, *, is_makeshift: bool = False) -> None:
        self._connection = connection
        self.is_makeshift = is_makeshift
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
        with engine_errors():
            return list(self._connection.execute(statement, parameters))

    def each(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Iterator[Row]:
        """The rows one after another, for what is too much to hold at once."""
        with engine_errors():
            yield from self._connection.execute(statement, parameters)

    def row(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def value(self, statement: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(statement, parameters)
        return found[0] if found else None

    def close(self) -> None:
        self._connection.close()


class Database:
    """One SQLite file with its migrations: functions in the order in which they were ever added, recorded by name.

    Call `migrate()` before the first use; it makes the file where there is none. A file that cannot be written can be
    read, as long as it is up to date.
    """

    def __init__(
        self, path: Path, migrations: Sequence[Migration], *, synchronous: Synchronous = Synchronous.FULL
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._synchronous = synchronous
        self._writer: apsw.Connection | None = None
        self._writing = threading.RLock()
        self._local = threading.local()

    def at(self, path: Path) -> "Database":
        """Another file with the same migrations."""
        return Database(path, self._migrations, synchronous=self._synchronous)

    @property
    def reader(self) -> Reader:
        """A reader of the calling thread's own."""
        found: Reader | None = getattr(self._local, "reader", None)
        if found is None or found.is_makeshift:
            with engine_errors(self.path):
                found = self._open_to_read()
            self._local.reader = found
        return found

    @contextlib.contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A unit of work, alone among the writers of this process; other processes are waited for."""
        with self._writing, engine_errors(self.path):
            if self._writer is None:
                if not self.is_writable:
                    raise not_writable(self.path)
                self._writer = _open(self.path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, self._synchronous)
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

    def empty_log(self) -> None:
        """Move what the write-ahead log holds into the file, and cut the log; after much was written it takes as much space.

        Where others read at the moment, a later checkpoint does it.
        """
        with self._writing, engine_errors(self.path):
            if self._writer is not None:
                self._writer.set_busy_timeout(EMPTY_LOG_MS)
                try:
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    self._writer.set_busy_timeout(BUSY_TIMEOUT_MS)

    def _open_to_read(self) -> Reader:
        if not self.is_writable:
            return Reader(_connect_read_only(self.path))
        try:
            connection = _connect(str(self.path), apsw.SQLITE_OPEN_READWRITE)
            # At the latest now the engine makes the files that it shares with writers.
            connection.execute(HAS_MIGRATIONS)
        except (apsw.FullError, apsw.IOError):
            if not _is_closed(self.path):
                raise
            return Reader(_connect_read_only(self.path), is_makeshift=True)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return Reader(connection)

    def integrity(self) -> str:
        """`ok`, or what is wrong with the file in the engine's words; needs no migration."""
        try:
            return str(self.reader.value("PRAGMA quick_check"))
        except DatabaseDamaged as error:
            return error.message

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of the database as it is now."""
        with self._writing, engine_errors(path):
            source = _open(self.path, apsw.SQLITE_OPEN_READWRITE, self._synchronous)
            try:
                source.execute("VACUUM INTO ?", (str(path),))
            finally:
                source.close()

    def close(self) -> None:
        """Close the writer and this thread's reader."""
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        if getattr(self._local, "reader", None) is not None:
            self._local.reader.close()
            self._local.reader = None

    @property
    def is_writable(self) -> bool:
        """False where this user may only read the file, or the file system is read-only."""
        return os.access(self.path if self.path.exists() else self.path.parent, os.W_OK) and os.access(
            self.path.parent, os.W_OK
        )

    @property
    def is_empty(self) -> bool:
        """True where nothing was ever written: no file, an empty one, or one without tables of ours."""
        return not self._applied()

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
        if not self.is_writable:
            raise not_writable(self.path)
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
        with engine_errors(self.path):
            reader = self._open_to_read()
            try:
                if not reader.rows(HAS_MIGRATIONS):
                    return set()
                return {str(name) for (name,) in reader.rows(SELECT_MIGRATIONS)}
            finally:
                reader.close()


def _open(path: Path, flags: int, synchronous: Synchronous) -> apsw.Connection:
    connection = _connect(str(path), flags)
    # Before the journal's mode, which writes the first page of a new file.
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE_LIMIT}")
    return connection


def _connect(name: str, flags: int) -> apsw.Connection:
    connection = apsw.Connection(name, flags=flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.enable_load_extension(True)  # noqa: FBT003 - the engine's own signature
    connection.load_extension(_vector_extension())
    connection.enable_load_extension(False)  # noqa: FBT003
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -4000")
    return connection


@cache
def _vector_extension() -> str:
    """The file of sqlite-vec. Its package is not imported, because that imports numpy, which most commands do without."""
    package = find_spec("sqlite_vec")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The package sqlite-vec is not installed.", name="sqlite_vec")
    return str(Path(package.origin).with_name("vec0"))


def _connect_read_only(path: Path) -> apsw.Connection:
    """Open a file that cannot be written, or beside which nothing can.

    A database in WAL mode is read with the help of two files beside it. Where it was closed as it should be, and nothing
    can change it, it is read without them.
    """
    address = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if _is_closed(path) else ''}"
    connection = _connect(address, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _is_closed(path: Path) -> bool:
    """True where no log with changes is beside the database."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0


def beginning_with(text: str) -> str:
    r"""A pattern for `LIKE … ESCAPE '\'` of what begins with a text, whatever it holds."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
