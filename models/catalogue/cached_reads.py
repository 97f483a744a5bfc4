"""What was read from files and folders: read again only after a change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")
# Time of the last change, in nanoseconds, and inode: a file that was replaced differs in one of them.
_Version = tuple[int, int]


class CachedReads:
    """The last value read per path."""

    def __init__(self) -> None:
        self._values: dict[Path, tuple[_Version, Any]] = {}

    def get(self, path: Path, read: Callable[[], Value]) -> Value | None:
        """What `read` returned for a file or folder; it is called only where that changed. None if it does not exist.

        Raises OSError, and what `read` raises.
        """
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        version = (status.st_mtime_ns, status.st_ino)
        read_version, value = self._values.get(path, (None, None))
        if read_version != version:
            value = read()
            self._values[path] = version, value
        return value
