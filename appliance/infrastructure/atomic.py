"""The one way to replace a file: after a crash or a power cut there is the old content or the new one, whole."""

import os
from pathlib import Path

# A file with this suffix is being written; what a killed process left is removed by the nightly tidying.
UNFINISHED = ".unfinished"


def replace_content(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file's whole content. It is on the disk when this returns."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    # The mode is set as the file is made: nobody else can open it in between.
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123
        file.write(content)
    move_into_place(fresh, path)


def move_into_place(fresh: Path, path: Path) -> None:
    """Give a finished file the name of another, which it replaces. Both are in one file system.

    The file's content is written to the disk before the folder is, so that the name never leads to half a file.
    """
    sync(fresh)
    os.replace(fresh, path)  # noqa: PTH105 - within one file system, or not at all
    sync(path.parent)


def sync(path: Path) -> None:
    """Return when a file, or the list of names in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
