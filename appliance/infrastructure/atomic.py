"""Replaces a file atomically: after a crash or a power cut, the file has its complete old or its complete new content."""

import os
from pathlib import Path

# The suffix of a file during writing. The nightly clean-up removes the unfinished files of killed processes.
UNFINISHED = ".unfinished"


def replace_content(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace the content of a file. When this function returns, the new content is on the disk."""
    new_file = path.with_name(f"{path.name}.new")
    new_file.unlink(missing_ok=True)
    # The mode is set when the file is created, so other users can never open the file.
    with open(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - opens a descriptor
        file.write(content)
    move_into_place(new_file, path)


def move_into_place(new_file: Path, path: Path) -> None:
    """Rename a finished file to `path`, and replace the file at `path`. Both must be in the same file system.

    The file is synced before the folder, so the name never points to an incomplete file.
    """
    sync(new_file)
    os.replace(new_file, path)  # noqa: PTH105 - fails between file systems, instead of copying
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the content of a file, or the list of names in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
