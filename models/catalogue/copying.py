"""Link or copy a model's file or folder into the models folder, completely or not at all."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from models.errors import ModelFileRefused
from models.files import open_regular

COPY_CHUNK = 1 << 22
# A function that is called with the number of bytes done and the total number of bytes.
OnProgress = Callable[[int, int], None]


def copy_model(source: Path, target: Path, on_progress: OnProgress) -> str:
    """Link or copy a file or folder to `target`, and return the SHA-256 of its bytes. Raises ModelFileRefused."""
    if target.exists() and target.samefile(source):
        return _digest(source, None, on_progress)
    temporary = target.with_name(f"{target.name}.part")
    try:
        delete_files(temporary)
        digest = _digest(source, temporary, on_progress)
        delete_files(target)
        temporary.replace(target)
    except OSError as error:
        raise ModelFileRefused(f"{source.name} could not be copied to {target.parent}: {error.strerror}.") from error
    finally:
        # This is a `finally` block, because a cancelled job raises an exception that is not caught here.
        delete_files(temporary)
    return digest


def delete_files(path: Path) -> None:
    """Delete a file, or a folder with all its content. Does nothing if the path does not exist."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, or the total size of the regular files in a folder."""
    return sum(file.stat().st_size for file in _files(path))


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _digest(source: Path, target: Path | None, on_progress: OnProgress) -> str:
    """Read every file, and link or copy it to the same relative path under `target`. Return the SHA-256 of all bytes."""
    total, done = size_of(source), 0
    digest = hashlib.sha256()
    for file in _files(source):
        new_path = None if target is None else target / file.relative_to(source) if source.is_dir() else target
        if new_path is not None:
            new_path.parent.mkdir(parents=True, exist_ok=True)
        linked = new_path is None or _try_link(file.resolve(), new_path)
        # Read the linked file, because the source's path may already lead to another file.
        readable = new_path if linked and new_path is not None else file
        with (
            open_regular(readable) as opened,
            (Path(os.devnull) if linked or new_path is None else new_path).open("wb") as copy,
        ):
            while data := opened.read(COPY_CHUNK):
                digest.update(data)
                copy.write(data)
                done += len(data)
                on_progress(done, total)
    return digest.hexdigest()


def _try_link(file: Path, target: Path) -> bool:
    try:
        target.hardlink_to(file)
    except OSError:
        return False
    return True
