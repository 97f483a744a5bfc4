"""Open a file only if it is a regular file, compute digests, replace files atomically, lock files against other processes."""

import fcntl
import hashlib
import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from models.errors import ModelFileRefused

_KINDS: Mapping[int, str] = MappingProxyType(
    {
        stat.S_IFDIR: "folder",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file for reading. Raises ModelFileRefused for anything else, such as a pipe or a device.

    Reading a pipe or a device may never end. The file is checked before and after it is opened, because another
    process may replace it between the first check and the opening.
    """
    try:
        _check(path, os.stat(path).st_mode)  # noqa: PTH116 - opening some devices has side effects
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelFileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelFileRefused(f"{str(path)!r} is not a valid path of a file.") from error
    opened = os.fdopen(handle, "rb")
    try:
        _check(path, os.fstat(handle).st_mode)
    except ModelFileRefused:
        opened.close()
        raise
    return opened


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a regular file in hexadecimal. Raises ModelFileRefused."""
    with open_regular(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically: a reader gets all of the old or all of the new content. Raises OSError."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.replace(path)


def open_locked(path: Path, *, wait: bool = True) -> IO[str]:
    """Open a lock file and lock it against other processes. Closing the file releases the lock.

    Raises BlockingIOError if another process holds the lock and `wait` is false.
    """
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        lock.close()
        raise
    return lock


def _check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "special file")
        raise ModelFileRefused(f"{path} is a {kind}, not a regular file. Choose the file of a model.")
