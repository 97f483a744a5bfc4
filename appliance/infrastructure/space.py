"""Disk usage of the data folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.infrastructure.paths import DataFolder


class StoragePart(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder in the data folder, with its disk usage in bytes."""

    name: str
    bytes: int


def parts_of(folder: DataFolder) -> list[StoragePart]:
    """Return the parts of the data folder, largest first. The size of a database includes its log."""
    sizes: dict[str, int] = {}
    for entry in folder.home.iterdir() if folder.home.is_dir() else ():
        name = entry.name.removesuffix("-wal").removesuffix("-shm")
        sizes[name] = sizes.get(name, 0) + sum(_on_disk(path) for path in _files(entry))
    return [
        StoragePart(name=name, bytes=size) for name, size in sorted(sizes.items(), key=lambda item: -item[1]) if size
    ]


def in_words(size: int) -> str:
    """Format a number of bytes for people."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for folder, _names, files in os.walk(path):
            yield from (Path(folder, name) for name in files)
    else:
        yield path


def _on_disk(path: Path) -> int:
    try:
        # Sparse files use less space than their length.
        return path.lstat().st_blocks * 512
    except OSError:
        return 0
