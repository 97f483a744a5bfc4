"""A struct with arrays in a file that processes map into memory."""

import errno
import gc
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from appliance.infrastructure import arrays
from appliance.infrastructure.arrays import ArraysDamaged, Floats, Integers, Rows, map_arrays, write_arrays


class Part(msgspec.Struct, frozen=True):
    numbers: Integers


class Whole(msgspec.Struct, frozen=True):
    name: str
    values: Floats
    parts: list[Part | None] = []


class Table(msgspec.Struct, frozen=True):
    values: Floats
    rows: Rows


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


DTYPES = st.sampled_from([np.float32, np.int8, np.int64, np.uint16])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "whole.arrays"


@settings(max_examples=30)
@given(st.lists(arrays_of.arrays(DTYPES, arrays_of.array_shapes(min_dims=1, max_dims=3, min_side=0))))
def test_written_arrays_are_read_unchanged(tmp_path_factory: pytest.TempPathFactory, written: list[Integers]) -> None:
    path = tmp_path_factory.mktemp("arrays") / "a"
    write_arrays(path, Whole("a", np.zeros(3), [Part(array) for array in written]))

    parts = map_arrays(path, Whole).parts

    for part, array in zip(parts, written, strict=True):
        assert part
        assert array.dtype == part.numbers.dtype
        np.testing.assert_array_equal(array, part.numbers)


def test_structs_lists_and_none_are_kept(path: Path) -> None:
    write_arrays(path, Whole("lamp", np.ones(2), [Part(np.arange(3)), None]))

    whole = map_arrays(path, Whole)
    first, missing = whole.parts

    assert "lamp" == whole.name
    assert first is not None
    assert [0, 1, 2] == first.numbers.tolist()
    assert missing is None


def test_rows_of_a_larger_array_are_kept(path: Path) -> None:
    write_arrays(path, Whole("slice", np.arange(12.0).reshape(3, 4).T[::2]))

    assert [[0, 4, 8], [2, 6, 10]] == map_arrays(path, Whole).values.tolist()


def test_mapped_arrays_are_read_only(path: Path) -> None:
    write_arrays(path, Whole("a", np.zeros(3)))

    with pytest.raises(ValueError, match="read-only"):
        map_arrays(path, Whole).values[0] = 1


def test_an_array_that_occurs_several_times_is_written_once(path: Path) -> None:
    array = np.zeros(100_000, dtype=np.int64)
    write_arrays(path, Whole("a", np.zeros(3), [Part(array), Part(array), Part(array)]))

    assert path.stat().st_size < 1.1 * array.nbytes


def test_a_reader_keeps_the_old_file_when_it_is_replaced(path: Path) -> None:
    write_arrays(path, Whole("old", np.full(10_000, 1.0)))
    old = map_arrays(path, Whole)
    write_arrays(path, Whole("new", np.full(10_000, 2.0)))

    assert (1.0, 2.0) == (old.values.max(), map_arrays(path, Whole).values.max())


def test_a_failed_write_leaves_only_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_new_file: Path, _path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_arrays(path, Whole("old", np.zeros(3)))
    monkeypatch.setattr(arrays, "move_into_place", fail)
    with pytest.raises(OSError, match="No space"):
        write_arrays(path, Whole("new", np.zeros(3)))

    assert "old" == map_arrays(path, Whole).name
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize("kept", [0, 5, 20, 200, 8_000])
def test_a_truncated_file_is_damaged(path: Path, kept: int) -> None:
    write_arrays(path, Whole("a", np.zeros(3_000)))
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ArraysDamaged):
        map_arrays(path, Whole)


@pytest.mark.parametrize("content", [b"x" * 500, b"lampstand arrays\n" + b"\xff" * 500])
def test_a_file_of_another_format_is_damaged(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(ArraysDamaged):
        map_arrays(path, Whole)


def test_a_struct_of_another_version_is_damaged(path: Path) -> None:
    write_arrays(path, Part(np.zeros(3, dtype=np.int64)))

    with pytest.raises(ArraysDamaged):
        map_arrays(path, Whole)


def test_a_few_rows_are_read_from_the_file(path: Path) -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    write_arrays(path, Table(np.zeros(100), Rows(matrix)))

    rows = map_arrays(path, Table).rows

    assert 4 == len(rows)
    assert matrix[[2, 0, 2]].tolist() == rows[np.array([2, 0, 2])].tolist()
    assert (0, 3) == rows[np.array([], dtype=np.int64)].shape
    np.testing.assert_array_equal(matrix, rows.whole())


def test_the_file_of_rows_is_closed_with_their_struct(path: Path) -> None:
    write_arrays(path, Table(np.zeros(3), Rows(np.zeros((2, 2)))))
    before = open_files()
    table = map_arrays(path, Table)
    assert before < open_files()

    del table
    gc.collect()

    assert before == open_files()
