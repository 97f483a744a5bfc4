"""A file is read again only after a change."""

import os
from pathlib import Path

import pytest

from models.catalogue.cached_reads import CachedReads


class Reader:
    """Reads a file, and counts how often."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0

    def __call__(self) -> str:
        self.count += 1
        return self.path.read_text()


def write(path: Path, content: str, *, at: int) -> None:
    """Write a file as if `at` seconds after 1970, independent of the precision of the disk's clock."""
    path.write_text(content)
    os.utime(path, (at, at))


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    reads, reader = CachedReads(), Reader(tmp_path / "file")
    write(reader.path, "one", at=1)

    assert ["one", "one"] == [reads.get(reader.path, reader), reads.get(reader.path, reader)]
    assert 1 == reader.count


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    reads, reader = CachedReads(), Reader(tmp_path / "file")
    write(reader.path, "one", at=1)
    reads.get(reader.path, reader)
    write(reader.path, "two", at=2)

    assert "two" == reads.get(reader.path, reader)


def test_a_replaced_file_with_the_same_time_is_read_again(tmp_path: Path) -> None:
    reads, reader = CachedReads(), Reader(tmp_path / "file")
    write(reader.path, "one", at=1)
    reads.get(reader.path, reader)
    write(tmp_path / "other", "two", at=1)
    (tmp_path / "other").replace(reader.path)

    assert "two" == reads.get(reader.path, reader)


def test_a_missing_file_has_no_value_and_is_not_read(tmp_path: Path) -> None:
    reads, reader = CachedReads(), Reader(tmp_path / "file")

    assert reads.get(reader.path, reader) is None
    assert 0 == reader.count


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    reads, path = CachedReads(), tmp_path / "file"
    write(path, "one", at=1)

    def fails() -> str:
        raise ValueError

    with pytest.raises(ValueError):
        reads.get(path, fails)
    assert "one" == reads.get(path, Reader(path))
