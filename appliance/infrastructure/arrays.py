"""Stores a struct with arrays in one file. The file is written in one step; each reading process maps it into memory.

The file has a mark, the length of the header (8 bytes, little endian), the header, and the arrays. Each array begins at a
multiple of 64 bytes. The header is the struct in MessagePack, with (type, shape, offset) in place of each array. All
processes share the mapped pages, so the arrays take no private memory. The operating system drops these pages when memory
is short, and reads them again when needed.
"""

import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.errors import Unavailable
from appliance.infrastructure.atomic import UNFINISHED, move_into_place

# Files have 32-bit numbers; during a computation, numpy may use 64 bits.
Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=msgspec.Struct)

MARK = b"lampstand arrays\n"
ALIGNMENT = 64


class ArraysDamaged(Unavailable):
    """A file of arrays is damaged, or was written by another version of Lampstand."""


class Rows:
    """A matrix of which the caller uses only a few rows at a time."""

    def __init__(self, values: Floats) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, rows: Integers) -> Floats:
        return self._values[rows]

    def whole(self) -> Floats:
        """All rows."""
        return self._values


class _StoredRows(Rows):
    """Rows that are read from the file on demand. Reading a row from mapped memory would load the 64 KB of pages around it."""

    def __init__(self, values: Floats, file: int, offset: int) -> None:
        super().__init__(values)
        self._file, self._offset = os.dup(file), offset
        weakref.finalize(self, os.close, self._file)

    def __getitem__(self, rows: Integers) -> Floats:
        values = np.empty((len(rows), *self._values.shape[1:]), dtype=self._values.dtype)
        for row, target in zip(rows.tolist(), values, strict=True):
            os.preadv(self._file, [target], self._offset + row * target.nbytes)
        return values


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """An array in the file: its numpy type, its shape, and its offset in bytes after the header."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


def write_arrays(path: Path, tree: msgspec.Struct) -> None:
    """Write a struct, with its nested structs and lists, to a file. This replaces the old file in one step."""
    arrays: dict[int, tuple[_Place, NDArray[Any]]] = {}
    end = 0

    def place(value: Any) -> _Place:
        nonlocal end
        if isinstance(value, Rows):
            value = value.whole()
        if not isinstance(value, np.ndarray):
            raise NotImplementedError(type(value).__name__)
        # If the struct contains an array several times, the file contains it once.
        if id(value) not in arrays:
            array = np.ascontiguousarray(value)
            arrays[id(value)] = _Place(array.dtype.str, array.shape, end), array
            end += _aligned(array.nbytes)
        return arrays[id(value)][0]

    header = msgspec.msgpack.encode(tree, enc_hook=place)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in _parts(header, [array for _, array in arrays.values()]):
                _write_aligned(file, part)
        move_into_place(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def map_arrays(path: Path, kind: type[Kind]) -> Kind:
    """Read the struct in a file and map its arrays read-only. Raises FileNotFoundError or ArraysDamaged."""
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return _decode(mapped, file.fileno(), kind)
        except (ValueError, msgspec.MsgspecError) as error:
            raise ArraysDamaged(f"{path.name} cannot be read: {error}.") from error


class MappedFile(Generic[Kind]):
    """The struct in a file. After the file is replaced, the new file is mapped. Safe to use from several threads."""

    def __init__(self, path: Path, kind: type[Kind]) -> None:
        self._path, self._kind = path, kind
        self._mapped: tuple[tuple[int, int, int], Kind] | None = None

    def current(self) -> Kind:
        """Return the current content of the file. Raises FileNotFoundError or ArraysDamaged; the next call tries again."""
        status = self._path.stat()
        file = status.st_ino, status.st_mtime_ns, status.st_size
        mapped = self._mapped
        if mapped is None or mapped[0] != file:
            # Several threads may map the file at the same time. That costs each thread some milliseconds, and is harmless.
            mapped = self._mapped = file, map_arrays(self._path, self._kind)
        return mapped[1]


def _parts(header: bytes, arrays: list[NDArray[Any]]) -> Iterator[bytes | memoryview]:
    yield MARK + len(header).to_bytes(8, "little") + header
    for array in arrays:
        yield array.data.cast("B") if array.size else b""


def _write_aligned(file: BinaryIO, part: bytes | memoryview) -> None:
    file.write(part)
    file.write(bytes(_aligned(len(part)) - len(part)))


def _aligned(size: int) -> int:
    return math.ceil(size / ALIGNMENT) * ALIGNMENT


def _decode(mapped: mmap.mmap, file: int, kind: type[Kind]) -> Kind:
    begin = len(MARK) + 8
    if mapped[: len(MARK)] != MARK:
        raise ValueError("it is not an arrays file")
    end = begin + int.from_bytes(mapped[len(MARK) : begin], "little")
    arrays_begin = _aligned(end)

    def array(kind: type, encoded_place: Any) -> NDArray[Any] | Rows:
        place = msgspec.convert(encoded_place, _Place)
        offset = arrays_begin + place.offset
        values: NDArray[Any] = np.ndarray(place.shape, np.dtype(place.dtype), buffer=mapped, offset=offset)
        return _StoredRows(values, file, offset) if kind is Rows else values

    return msgspec.msgpack.decode(mapped[begin:end], type=kind, dec_hook=array)
