"""A struct with arrays in one file: written whole, then mapped into memory by every process that reads it.

The file: a mark, the length of the head (8 bytes, little endian), the head, then the arrays, each at a multiple of 64 bytes.
The head is the struct in MessagePack, with (type, shape, place) for each array. Mapped pages are shared by all processes
and need no memory of their own: the system drops them when memory is short and reads them again.
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

# Of 32 bits where they are kept; between two steps of a computation numpy may make 64 of them.
Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
Kind = TypeVar("Kind", bound=msgspec.Struct)

MARK = b"lampstand arrays\n"
ALIGNMENT = 64


class ArraysDamaged(Unavailable):
    """A file of arrays is not whole, or was written by another version."""


class Rows:
    """A matrix that is used a few rows at a time."""

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
    """Rows that are read from the file on demand. Access to a mapped row would load 64 KB: the pages around it too."""

    def __init__(self, values: Floats, file: int, offset: int) -> None:
        super().__init__(values)
        self._file, self._offset = os.dup(file), offset
        weakref.finalize(self, os.close, self._file)

    def __getitem__(self, rows: Integers) -> Floats:
        found = np.empty((len(rows), *self._values.shape[1:]), dtype=self._values.dtype)
        for row, target in zip(rows.tolist(), found, strict=True):
            os.preadv(self._file, [target], self._offset + row * target.nbytes)
        return found


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where an array lies: its type as numpy writes it, its shape, and the bytes after the head at which it begins."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


def write_arrays(path: Path, tree: msgspec.Struct) -> None:
    """Put a struct, with the structs and lists in it, into a file that replaces the earlier one whole."""
    arrays: dict[int, tuple[_Place, NDArray[Any]]] = {}
    end = 0

    def place(value: Any) -> _Place:
        nonlocal end
        if isinstance(value, Rows):
            value = value.whole()
        if not isinstance(value, np.ndarray):
            raise NotImplementedError(type(value).__name__)
        # An array that the struct contains several times is written once.
        if id(value) not in arrays:
            array = np.ascontiguousarray(value)
            arrays[id(value)] = _Place(array.dtype.str, array.shape, end), array
            end += _aligned(array.nbytes)
        return arrays[id(value)][0]

    head = msgspec.msgpack.encode(tree, enc_hook=place)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in _parts(head, [array for _, array in arrays.values()]):
                _write_aligned(file, part)
        move_into_place(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def map_arrays(path: Path, kind: type[Kind]) -> Kind:
    """The struct in a file, its arrays read-only and in the file. Raises FileNotFoundError or ArraysDamaged."""
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return _decode(mapped, file.fileno(), kind)
        except (ValueError, msgspec.MsgspecError) as error:
            raise ArraysDamaged(f"{path.name} cannot be read: {error}.") from error


class MappedFile(Generic[Kind]):
    """The struct in a file, mapped again where another was published. Safe to use from several threads."""

    def __init__(self, path: Path, kind: type[Kind]) -> None:
        self._path, self._kind = path, kind
        self._mapped: tuple[tuple[int, int, int], Kind] | None = None

    def current(self) -> Kind:
        """What is published now. Raises FileNotFoundError or ArraysDamaged, and tries again at the next call."""
        status = self._path.stat()
        file = status.st_ino, status.st_mtime_ns, status.st_size
        mapped = self._mapped
        if mapped is None or mapped[0] != file:
            # Several threads may map it at once, which costs each some milliseconds and harms nothing.
            mapped = self._mapped = file, map_arrays(self._path, self._kind)
        return mapped[1]


def _parts(head: bytes, arrays: list[NDArray[Any]]) -> Iterator[bytes | memoryview]:
    yield MARK + len(head).to_bytes(8, "little") + head
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
        raise ValueError("it is no file of arrays")
    end = begin + int.from_bytes(mapped[len(MARK) : begin], "little")
    first = _aligned(end)

    def array(kind: type, place: Any) -> NDArray[Any] | Rows:
        found = msgspec.convert(place, _Place)
        offset = first + found.offset
        values: NDArray[Any] = np.ndarray(found.shape, np.dtype(found.dtype), buffer=mapped, offset=offset)
        return _StoredRows(values, file, offset) if kind is Rows else values

    return msgspec.msgpack.decode(mapped[begin:end], type=kind, dec_hook=array)
