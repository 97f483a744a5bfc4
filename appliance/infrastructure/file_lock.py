"""File locks between processes. A lock ends when its file is closed, and also when its process dies."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file during the block. Wait for other processes that have the lock. Create the file if it is missing."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(handle: int) -> bool:
    """Lock an open file until the file is closed. Returns False if another process has the lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
