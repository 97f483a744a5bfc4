"""SQLite databases: migrations, one reader per thread, one writer at a time.

A write is a unit of work: `with database.write() as work: …`. At the end of the block, the unit of work is committed. After
an error in the block, it is rolled back.
"""

import contextlib
import os
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import apsw

from appliance.infrastructure.connections import (
    BUSY_TIMEOUT_MS,
    Synchronous,
    connect,
    connect_read_only,
    is_closed,
    open_to_write,
)
from appliance.infrastructure.database_errors import DatabaseDamaged, DatabaseTooNew, engine_errors, not_writable

# The cache of each thread's reader. The file cache of the operating system has the other pages.
READER_CACHE_KIB = 1_000
# While the log is moved into the database, nobody can write. So this is the longest time to wait for readers.
EMPTY_LOG_MS = 1_000
# The tokenizer of every full-text index.
TOKENIZE = "porter unicode61 remove_diacritics 2"
# This number is higher than any row id. A list without a `before` starts here.
NO_ID = 2**62

CREATE_MIGRATIONS = (
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT DEFAULT CURRENT_TIMESTAMP)"
)
HAS_MIGRATIONS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
SELECT_MIGRATIONS = "SELECT name FROM migrations"
RECORD_MIGRATION = "INSERT INTO migrations (name) VALUES (?)"

Row = tuple[Any, ...]
Parameters = Sequence[Any] | dict[str, Any]


class RowSource(ABC):
    """A source of rows: a reader, or a unit of work. A unit of work also sees its own changes."""

    @abstractmethod
    def rows(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a query."""

    def row(self, statement: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a query, or None."""
        return next(iter(self.rows(statement, parameters)), None)

    def value(self, statement: str, parameters: Parameters = ()) -> Any:
        """Return the first column of the first row of a query, or None."""
        first = self.row(statement, parameters)
        return first[0] if first else None


class UnitOfWork(RowSource):
    """A transaction in progress. It is committed if the block of `Database.write` ends without an error."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        return list(self._connection.execute(statement, parameters))

    def rows(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        return self.execute(statement, parameters)

    def execute_many(self, statement: str, rows: Iterable[Parameters]) -> None:
        for _ in self._connection.executemany(statement, rows):
            pass

    def execute_script(self, script: str) -> None:
        """Execute several statements, separated by semicolons. String literals and triggers may contain semicolons too."""
        for _ in self._connection.execute(script):
            pass

    @property
    def changes(self) -> int:
        """The number of rows that the last statement changed."""
        return self._connection.changes()

    @property
    def last_insert_id(self) -> int:
        return self._connection.last_insert_rowid()


Migration = Callable[[UnitOfWork], None]


class Reader(RowSource):
    """Runs queries on a connection that cannot write.

    `is_snapshot` is true if the disk had no room for the files that readers share with writers. A snapshot shows no later
    changes.
    """

    def __init__(self, connection: apsw.Connection, *, is_snapshot: bool = False) -> None:
        self._connection = connection
        self.is_snapshot = is_snapshot
        self._tokenizer: apsw.FTS5Tokenizer | None = None

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text as full-text indexes store them: without accents, reduced to their stems."""
        if self._tokenizer is None:
            name, *options = TOKENIZE.split()
            self._tokenizer = self._connection.fts5_tokenizer(name, options)
        tokens = self._tokenizer(
            text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False
        )
        return cast("list[str]", tokens)

    def rows(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        with engine_errors():
            return list(self._connection.execute(statement, parameters))

    def each(self, statement: str, parameters: Parameters = ()) -> Iterator[Row]:
        """Yield the rows one by one, for results that do not fit into memory."""
        with engine_errors():
            yield from self._connection.execute(statement, parameters)

    def close(self) -> None:
        self._connection.close()


class Database:
    """One SQLite file with its migrations: functions in the order in which they were added, recorded by name.

    Call `migrate()` before the first use; it creates the file if it is missing. A file that is not writable can only be
    read if all migrations are applied.
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
        """Return a database at another path with the same migrations."""
        return Database(path, self._migrations, synchronous=self._synchronous)

    @property
    def reader(self) -> Reader:
        """The reader of the calling thread."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None or reader.is_snapshot:
            with engine_errors(self.path):
                reader = self._open_to_read()
            self._local.reader = reader
        return reader

    @contextlib.contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """Begin a unit of work, which is committed at the end of the block, or rolled back after an error.

        Only one unit of work runs at a time. This call waits for other threads and processes.
        """
        with self._writing, engine_errors(self.path):
            if self._writer is None:
                if not self.is_writable:
                    raise not_writable(self.path)
                self._writer = open_to_write(
                    self.path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, self._synchronous
                )
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield UnitOfWork(connection)
                connection.execute("COMMIT")
            finally:
                if not connection.get_autocommit():
                    connection.execute("ROLLBACK")

    def empty_log(self, wait_ms: int = EMPTY_LOG_MS) -> None:
        """Move the content of the write-ahead log into the database and truncate the log, to free disk space.

        If there are still readers after `wait_ms` milliseconds, a later checkpoint does it.
        """
        with self._writing, engine_errors(self.path):
            if self._writer is not None:
                self._writer.set_busy_timeout(wait_ms)
                try:
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    self._writer.set_busy_timeout(BUSY_TIMEOUT_MS)

    def _open_to_read(self) -> Reader:
        if not self.is_writable:
            return Reader(connect_read_only(self.path))
        try:
            connection = connect(str(self.path), apsw.SQLITE_OPEN_READWRITE)
            # This query makes SQLite create the files that readers share with writers.
            connection.execute(HAS_MIGRATIONS)
        except (apsw.FullError, apsw.IOError):
            if not is_closed(self.path):
                raise
            return Reader(connect_read_only(self.path), is_snapshot=True)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return Reader(connection)

    def integrity(self) -> str:
        """Return `ok`, or SQLite's description of the damage. The database does not have to be migrated."""
        try:
            return str(self.reader.value("PRAGMA quick_check"))
        except DatabaseDamaged as error:
            return error.message

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of the current content of the database."""
        with self._writing, engine_errors(path):
            source = open_to_write(self.path, apsw.SQLITE_OPEN_READWRITE, self._synchronous)
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
        """False if this user has no permission to write the file, or if the file system is read-only."""
        return os.access(self.path if self.path.exists() else self.path.parent, os.W_OK) and os.access(
            self.path.parent, os.W_OK
        )

    @property
    def is_empty(self) -> bool:
        """True if nothing was ever written: the file is missing, or it is empty, or it has no table of Lampstand."""
        return not self._applied()

    def refuse_newer(self) -> None:
        """Raises DatabaseTooNew if the file has migrations that this program does not know. Does not write to the file."""
        if unknown := self._applied() - {migration.__name__ for migration in self._migrations}:
            raise DatabaseTooNew(
                f"{self.path} was written by a newer Lampstand (the unknown migration is {max(unknown)}).",
                remedy="Update this program, or choose another data folder with --home.",
            )

    def migrate(self) -> None:
        """Apply the pending migrations. Raises DatabaseTooNew, or DatabaseDamaged if the file is not a database."""
        self.refuse_newer()
        applied = self._applied()
        pending = [migration for migration in self._migrations if migration.__name__ not in applied]
        if not pending:
            return
        if not self.is_writable:
            raise not_writable(self.path)
        with self.write() as work:
            work.execute(CREATE_MIGRATIONS)
            # While this process waited for the lock, another process may have migrated the database.
            applied = {name for (name,) in work.execute(SELECT_MIGRATIONS)}
            for migration in pending:
                if migration.__name__ not in applied:
                    migration(work)
                    work.execute(RECORD_MIGRATION, (migration.__name__,))

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


def beginning_with(text: str) -> str:
    r"""Return a pattern for `LIKE … ESCAPE '\'` that matches values with this beginning. Special characters are escaped."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
