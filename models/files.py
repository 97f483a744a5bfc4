"""Open files that a person named: only regular ones, because reading a pipe or a device may never end."""

import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

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
    """Open a regular file to be read. Raises ModelFileRefused for anything else, without waiting for it.

    The opened file itself is looked at too, so that nothing can be put in its place between the check and the opening.
    """
    try:
        _check(path, os.stat(path).st_mode)  # noqa: PTH116 - opening some devices starts something
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelFileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ModelFileRefused(f"{str(path)!r} cannot be the path of a file.") from error
    opened = os.fdopen(handle, "rb")
    try:
        _check(path, os.fstat(handle).st_mode)
    except ModelFileRefused:
        opened.close()
        raise
    return opened


def _check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "special file")
        raise ModelFileRefused(f"{path} is a {kind}, not a regular file. Choose a model's own file.")
