"""Connections to SQLite files: how each is opened, and what a power cut can take from it."""

from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import apsw

BUSY_TIMEOUT_MS = 30_000
# The write-ahead log is cut to this size after a checkpoint, so that one large import does not keep the space.
LOG_SIZE_LIMIT = 64 * 2**20


class Synchronous(StrEnum):
    """What a power cut can take from a database in WAL mode. It never damages the file.

    `FULL` writes the log to the disk at each commit, so nothing that was committed is lost. `NORMAL` does so at a
    checkpoint only: the last commits can be lost. It is for what can be rebuilt.
    """

    FULL = "FULL"
    NORMAL = "NORMAL"


def open_to_write(path: Path, flags: int, synchronous: Synchronous) -> apsw.Connection:
    """A connection to a file in WAL mode."""
    connection = connect(str(path), flags)
    # Before the journal's mode, which writes the first page of a new file.
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE_LIMIT}")
    return connection


def connect(name: str, flags: int) -> apsw.Connection:
    """A connection with sqlite-vec, by a path or an address."""
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


def connect_read_only(path: Path) -> apsw.Connection:
    """Open a file that cannot be written, or beside which nothing can.

    A database in WAL mode is read with the help of two files beside it. Where it was closed as it should be, and nothing
    can change it, it is read without them.
    """
    address = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if is_closed(path) else ''}"
    connection = connect(address, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.execute("PRAGMA query_only = ON")
    return connection


def is_closed(path: Path) -> bool:
    """True where no log with changes is beside the database."""
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0
