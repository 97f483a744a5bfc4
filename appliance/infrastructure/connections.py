"""Connections to SQLite files: how they are opened, and how durable their commits are."""

from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import apsw

BUSY_TIMEOUT_MS = 30_000
# The write-ahead log is truncated to this size after a checkpoint, so that a large import does not keep the disk space.
LOG_SIZE_LIMIT = 64 * 2**20


class Synchronous(StrEnum):
    """How much a power cut can lose of a database in WAL mode. It never damages the file.

    `FULL` writes the log to the disk at each commit, so no commit is lost. `NORMAL` writes it only at checkpoints, so the
    last commits can be lost; it is for data that can be rebuilt.
    """

    FULL = "FULL"
    NORMAL = "NORMAL"


def open_to_write(path: Path, flags: int, synchronous: Synchronous) -> apsw.Connection:
    """Open a connection to a file in WAL mode."""
    connection = connect(str(path), flags)
    # Before the journal mode, which writes the first page of a new file.
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE_LIMIT}")
    return connection


def connect(name: str, flags: int) -> apsw.Connection:
    """Open a connection with sqlite-vec to a path or a URI."""
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
    """The path of sqlite-vec. Its package is not imported, because it imports numpy, which most commands do not need."""
    package = find_spec("sqlite_vec")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The package sqlite-vec is not installed.", name="sqlite_vec")
    return str(Path(package.origin).with_name("vec0"))


def connect_read_only(path: Path) -> apsw.Connection:
    """Open a database if its file or its folder is not writable.

    Reading a database in WAL mode needs two more files in the same folder. If the database was closed properly and cannot
    change, it is read without them.
    """
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if is_closed(path) else ''}"
    connection = connect(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.execute("PRAGMA query_only = ON")
    return connection


def is_closed(path: Path) -> bool:
    """True if the database has no write-ahead log with changes."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0
