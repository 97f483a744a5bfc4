"""Opens files that users name or upload: only regular files, without blocking, and only inside their folder."""

import contextlib
import os
import stat
from io import BufferedReader
from pathlib import Path

from appliance.errors import Refused

MAX_FILE_BYTES = 256 * 2**20
MAX_FILES = 10_000
# With these flags, opening a pipe without a writer does not block, and child processes do not inherit the file.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MAX_SHOWN = 80


class FileRefused(Refused):
    """A file cannot be read, is not a regular file, is outside its folder or is too large."""


def open_regular(path: Path, *, inside: Path | None = None, max_bytes: int = MAX_FILE_BYTES) -> BufferedReader:
    """Open a regular file of at most `max_bytes` bytes for reading.

    With `inside`, a link that leads out of this folder is refused, even if it is created during this call. Raises
    FileRefused.
    """
    try:
        # Check the file before opening it, because opening some devices has side effects.
        _refuse_irregular(path.stat().st_mode, path)
        handle = os.open(path, _READ) if inside is None else _open_inside(path, inside)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        # The name has a NUL character, or the file system does not allow it.
        raise FileRefused("This is not a valid file name.", remedy="Choose another file.") from error
    try:
        status = os.fstat(handle)
        _refuse_irregular(status.st_mode, path)
        _refuse_large(status.st_size, max_bytes, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, *, inside: Path | None = None, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a regular file. Raises FileRefused as `open_regular` does."""
    try:
        with open_regular(path, inside=inside, max_bytes=max_bytes) as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    _refuse_large(len(data), max_bytes, path)
    return data


def files_inside(folder: Path, *, max_files: int = MAX_FILES) -> list[Path]:
    """Return all files in a folder and its subfolders, sorted, without following links.

    Raises FileRefused if there are more than `max_files` files.
    """
    files: list[Path] = []
    for parent, _folders, names in os.walk(folder):
        files += [Path(parent, name) for name in names]
        if len(files) > max_files:
            raise FileRefused(
                f"The folder {shown_name(folder)} has more than {max_files:,} files.", remedy="Choose a smaller folder."
            )
    return sorted(files)


def size_of(count: int) -> str:
    """Format a number of bytes, such as `256 MiB`."""
    return f"{count >> 20:,} MiB" if count >= 1 << 20 else f"{count:,} bytes"


def shown_name(path: Path) -> str:
    """Return a file name in a form for messages. The name can contain any bytes."""
    return shown_text(path.name)


def shown_text(text: str, *, max_length: int = _MAX_SHOWN) -> str:
    """Return text from a file in a form for messages: one line, printable, and not too long."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text[: max_length + 1])
    return clean if len(clean) <= max_length else f"{clean[: max_length - 1]}…"


def _open_inside(path: Path, folder: Path) -> int:
    """Open a file by walking from its folder along its real path. Links that were created in the meantime are not followed."""
    top, real = os.path.realpath(folder, strict=True), os.path.realpath(path, strict=True)
    if os.path.commonpath([top, real]) != top:
        raise FileRefused(
            f"{shown_name(path)} is a link that leads out of its folder.",
            remedy="Copy the file itself into the folder.",
        )
    *folders, name = Path(os.path.relpath(real, top)).parts
    with contextlib.ExitStack() as opened:
        handle = os.open(top, _FOLDER)
        opened.callback(os.close, handle)
        for parent in folders:
            handle = os.open(parent, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            opened.callback(os.close, handle)
        return os.open(name, _READ | os.O_NOFOLLOW, dir_fd=handle)


def _refuse_irregular(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        raise FileRefused(
            f"{shown_name(path)} is not a regular file.",
            remedy="Choose a file. Folders, devices, pipes and sockets cannot be read.",
        )


def _refuse_large(size: int, max_bytes: int, path: Path) -> None:
    if size > max_bytes:
        raise FileRefused(
            f"{shown_name(path)} is larger than {size_of(max_bytes)}.", remedy="Choose a smaller file, or split it."
        )


def _unreadable(path: Path, error: OSError) -> FileRefused:
    return FileRefused(
        f"{shown_name(path)} cannot be read: {error.strerror or 'unknown reason'}.",
        remedy="Check the name and the permissions of the file.",
    )
