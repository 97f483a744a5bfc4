"""Reads the data files of SWORD translations and commentaries.

The source code of the SWORD drivers defines the formats. In zText, the block index `.bzs` has 12-byte entries, the verse
index `.bzv` has 10-byte entries, and `.bzz` has zlib blocks. In zText4, the verse index has 12-byte entries. Commentaries
(zCom, zCom4) use the same files.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from appliance.infrastructure.opening import FileRefused, read_regular, shown_text, size_of
from appliance.scripture.canon import Book
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.sword.configuration import Configuration, files_of
from appliance.scripture.versification import Division, versification

# The largest block of any known module is smaller than 20 MB. A larger block is a decompression bomb.
MAX_BLOCK_BYTES = 64 * 2**20
# The limit for all blocks of a module together. Each block is unpacked only once, because verses are in canon order.
MAX_UNPACKED_BYTES = 512 * 2**20
# The limit for the markup of one verse, or of the introduction of one chapter.
MAX_FRAGMENT_BYTES = 4 * 2**20

_BLOCK_ENTRY = struct.Struct("<III")
_SHORT, _LONG = struct.Struct("<IIH"), struct.Struct("<III")
TEXT_DRIVERS = {"zText": _SHORT, "zText4": _LONG}
COMMENTARY_DRIVERS = {"zCom": _SHORT, "zCom4": _LONG}
# The first letter of a data file's name says if its blocks contain books (b), chapters (c) or verses (v).
_BLOCK_PREFIXES = "bcv"


class Slot(NamedTuple):
    """An entry of the verse index. Chapter 0 is the introduction of a book, and verse 0 is the introduction of a chapter.

    Slots with the same `place` refer to the same data.
    """

    book: Book
    chapter: int
    verse: int
    place: tuple[str, int, int, int]
    fragment: str


def read_slots(configuration: Configuration, entry: struct.Struct) -> Iterator[Slot]:
    """Yield every slot of a module, in the order of the module's versification. Raises SourceUnreadable."""
    scheme = versification(configuration.value("Versification", "KJV"))
    has_data = False
    file_names = {path.name for path in files_of(configuration.data_path)}
    for testament, divisions in scheme.testaments.items():
        for prefix in _BLOCK_PREFIXES:
            if f"{testament}.{prefix}zv" in file_names:
                has_data = True
                yield from _testament_slots(configuration, f"{testament}.{prefix}", divisions, entry)
    if not has_data:
        raise SourceUnreadable(
            f"The module {configuration.module} has no data files in {shown_text(configuration.value('DataPath'))}.",
            remedy="Unpack or download the module again.",
        )


def _testament_slots(
    configuration: Configuration, files: str, divisions: tuple[Division, ...], entry: struct.Struct
) -> Iterator[Slot]:
    """Yield the slots of a verse index.

    There are two slots per testament, one per book introduction, one per chapter introduction, and one per verse.
    """
    blocks = _Blocks(configuration, files)
    slots = _read_file(configuration, f"{files}zv")
    expected = 2 + sum(1 + sum(count + 1 for count in division.verses) for division in divisions)
    if len(slots) == expected * _SHORT.size:
        # Some modules name the driver with the larger index entries, but contain the smaller entries.
        entry = _SHORT
    if len(slots) % entry.size or len(slots) // entry.size > expected:
        raise SourceUnreadable(
            f"The verse index of {configuration.module} ({files}zv) does not match the {expected} slots of its versification. "
            "The module is damaged or names the wrong versification.",
            remedy="Download the module again.",
        )
    positions = (
        (division.book, chapter, verse)
        for division in divisions
        for chapter, count in enumerate((0, *division.verses))
        for verse in range((count if chapter else 0) + 1)
    )
    for number, (book, chapter, verse) in enumerate(positions, start=2):
        offset = number * entry.size
        block, start, size = entry.unpack_from(slots, offset) if offset + entry.size <= len(slots) else (0, 0, 0)
        fragment = blocks.fragment(block, start, size) if size else ""
        yield Slot(book, chapter, verse, (files, block, start, size), fragment)


class _Blocks:
    """The compressed blocks of a testament. The block that was unpacked last is kept, so each block is unpacked only once."""

    def __init__(self, configuration: Configuration, files: str) -> None:
        self._module = configuration.module
        self._index = _read_file(configuration, f"{files}zs")
        self._data = _read_file(configuration, f"{files}zz")
        self._number = -1
        self._block = b""
        self._bytes_left = MAX_UNPACKED_BYTES

    def fragment(self, number: int, start: int, size: int) -> str:
        if number != self._number:
            self._block, self._number = self._unpack(number), number
        if size > MAX_FRAGMENT_BYTES:
            raise SourceUnreadable(
                f"A verse of {self._module} has more than {size_of(MAX_FRAGMENT_BYTES)}. The module is damaged.",
                remedy="Download the module again.",
            )
        if start + size > len(self._block):
            raise SourceUnreadable(
                f"A verse of {self._module} is outside its block. The module is incomplete.",
                remedy="Download the module again.",
            )
        return self._block[start : start + size].decode("utf-8", errors="replace")

    def _unpack(self, number: int) -> bytes:
        entry_offset = number * _BLOCK_ENTRY.size
        if entry_offset + _BLOCK_ENTRY.size > len(self._index):
            raise SourceUnreadable(
                f"{self._module} refers to a missing block. The module is incomplete.",
                remedy="Download the module again.",
            )
        offset, size, _unpacked = _BLOCK_ENTRY.unpack_from(self._index, entry_offset)
        block = inflate(self._data[offset : offset + size], self._module)
        self._bytes_left -= len(block)
        if self._bytes_left < 0:
            raise SourceUnreadable(
                f"{self._module} unpacks to more than {size_of(MAX_UNPACKED_BYTES)}. No translation is that large.",
                remedy="Choose another module.",
            )
        return block


def inflate(data: bytes, module: str) -> bytes:
    """Unpack a zlib block of at most 64 MiB. Raises SourceUnreadable."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, MAX_BLOCK_BYTES)
    except zlib.error as error:
        raise SourceUnreadable(
            f"A block of {module} cannot be unpacked. The module is damaged.", remedy="Download the module again."
        ) from error
    if not unpacker.eof:
        raise SourceUnreadable(
            f"A block of {module} is incomplete, or unpacks to more than {MAX_BLOCK_BYTES >> 20} MiB. "
            "The module is damaged or malicious.",
            remedy="Download the module again.",
        )
    return unpacked


def _read_file(configuration: Configuration, name: str) -> bytes:
    try:
        return read_regular(configuration.data_path / name, inside=configuration.inside)
    except FileRefused as error:
        raise SourceUnreadable(
            f"The file {name} of {configuration.module} is missing or cannot be read.",
            remedy="Download the module again.",
        ) from error
