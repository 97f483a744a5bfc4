"""Opens connections to SQLite files, and sets how durable their commits are."""

from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import apsw

BUSY_TIMEOUT_MS = 30_000
# After a checkpoint, the write-ahead log is truncated to this size, so that it does not stay large after a large import.
LOG_SIZE_LIMIT = 64 * 2**20


class Synchronous(StrEnum):
    """How many commits a database in WAL mode can lose in a power cut. A power cut never damages the file.

    `FULL` writes the log to the disk at each commit, so no commit is lost. `NORMAL` writes the log to the disk only at
    checkpoints, so the last commits can be lost. Use `NORMAL` for data that can be rebuilt.
    """

    FULL = "FULL"
    NORMAL = "NORMAL"


def open_to_write(path: Path, flags: int, synchronous: Synchronous) -> apsw.Connection:
    """Open a connection to a file in WAL mode."""
    connection = connect(str(path), flags)
    # This must come before the journal mode, because setting the journal mode writes the first page of a new file.
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE_LIMIT}")
    return connection


def connect(name: str, flags: int) -> apsw.Connection:
    """Open a connection to a path or a URI, and load the extension sqlite-vec."""
    connection = apsw.Connection(name, flags=flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.enable_load_extension(True)  # noqa: FBT003 - the parameter of apsw has no name
    connection.load_extension(_vector_extension())
    connection.enable_load_extension(False)  # noqa: FBT003 - as above
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -4000")
    return connection


@cache
def _vector_extension() -> str:
    """Return the path of sqlite-vec. Its package is not imported: it imports numpy, which most commands do not need."""
    package = find_spec("sqlite_vec")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The package sqlite-vec is not installed.", name="sqlite_vec")
    return str(Path(package.origin).with_name("vec0"))


def connect_read_only(path: Path) -> apsw.Connection:
    """Open a database whose file or folder is not writable.

    To read a database in WAL mode, SQLite needs two more files in the same folder. This function reads the database without
    these files if the database was closed properly and cannot change.
    """
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if is_closed(path) else ''}"
    connection = connect(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.execute("PRAGMA query_only = ON")
    return connection


def is_closed(path: Path) -> bool:
    """True if the database has no write-ahead log with changes."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0
