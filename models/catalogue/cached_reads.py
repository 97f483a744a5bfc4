"""A cache of values read from files and folders. A value is read again only after its file changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")
# The time of the last change in nanoseconds, and the inode. When a file is replaced, at least one of the two changes.
_Version = tuple[int, int]


class CachedReads:
    """The last value that was read for each path."""

    def __init__(self) -> None:
        self._values: dict[Path, tuple[_Version, Any]] = {}

    def get(self, path: Path, read: Callable[[], Value]) -> Value | None:
        """Return the result of `read` for a file or folder, or None if the path does not exist.

        `read` is called only if the file or folder changed. Raises OSError, and the exceptions of `read`.
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
