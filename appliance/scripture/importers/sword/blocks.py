"""The data files of SWORD texts and commentaries.

Formats read from the SWORD project's own drivers: zText (`.bzs` 12-byte block index, `.bzv` 10-byte verse index, `.bzz` zlib
blocks) and its large twin zText4 (12-byte verse index). Commentaries (zCom, zCom4) are in the same files.
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

# The largest block of any known module is under 20 MB; a block that grows past this is a bomb.
MAX_BLOCK_BYTES = 64 * 2**20
# All blocks of a module together: each is unpacked once, as verses are stored in the order of the canon.
MAX_UNPACKED_BYTES = 512 * 2**20
# The markup of one verse, or of the introduction of one chapter.
MAX_FRAGMENT_BYTES = 4 * 2**20

_BLOCK_ENTRY = struct.Struct("<III")
_SHORT, _LONG = struct.Struct("<IIH"), struct.Struct("<III")
TEXT_DRIVERS = {"zText": _SHORT, "zText4": _LONG}
COMMENTARY_DRIVERS = {"zCom": _SHORT, "zCom4": _LONG}
# The files of a module whose blocks are books begin with b, of one whose blocks are chapters with c, of verses with v.
_BLOCK_PREFIXES = "bcv"


class Slot(NamedTuple):
    """A place of a module. Chapter 0 is a book's opening, verse 0 a chapter's; `place` tells the same words apart."""

    book: Book
    chapter: int
    verse: int
    place: tuple[str, int, int, int]
    fragment: str


def read_slots(configuration: Configuration, entry: struct.Struct) -> Iterator[Slot]:
    """Every place of a module in the order of its versification. Raises SourceUnreadable."""
    scheme = versification(configuration.value("Versification", "KJV"))
    found = False
    there = {path.name for path in files_of(configuration.data_path)}
    for testament, divisions in scheme.testaments.items():
        for prefix in _BLOCK_PREFIXES:
            if f"{testament}.{prefix}zv" in there:
                found = True
                yield from _testament_slots(configuration, f"{testament}.{prefix}", divisions, entry)
    if not found:
        raise SourceUnreadable(
            f"The module {configuration.module} has no data files in {shown_text(configuration.value('DataPath'))}.",
            remedy="Unpack or fetch it again.",
        )


def _testament_slots(
    configuration: Configuration, files: str, divisions: tuple[Division, ...], entry: struct.Struct
) -> Iterator[Slot]:
    """Slots of the verse index: two for the testament, one a book's opening, one a chapter's opening, then verses."""
    blocks = _Blocks(configuration, files)
    slots = _read_file(configuration, f"{files}zv")
    expected = 2 + sum(1 + sum(count + 1 for count in division.verses) for division in divisions)
    if len(slots) == expected * _SHORT.size:
        # Some modules name the larger driver and have the smaller one's entries.
        entry = _SHORT
    if len(slots) % entry.size or len(slots) // entry.size > expected:
        raise SourceUnreadable(
            f"The verse index of {configuration.module} ({files}zv) does not fit {expected} slots of its versification.",
            remedy="The module is damaged or names the wrong versification.",
        )
    places = (
        (division.book, chapter, verse)
        for division in divisions
        for chapter, count in enumerate((0, *division.verses))
        for verse in range((count if chapter else 0) + 1)
    )
    for position, (book, chapter, verse) in enumerate(places, start=2):
        offset = position * entry.size
        block, start, size = entry.unpack_from(slots, offset) if offset + entry.size <= len(slots) else (0, 0, 0)
        fragment = blocks.fragment(block, start, size) if size else ""
        yield Slot(book, chapter, verse, (files, block, start, size), fragment)


class _Blocks:
    """The compressed blocks of a testament, each unpacked once and the last one kept."""

    def __init__(self, configuration: Configuration, files: str) -> None:
        self._module = configuration.module
        self._index = _read_file(configuration, f"{files}zs")
        self._data = _read_file(configuration, f"{files}zz")
        self._number = -1
        self._block = b""
        self._left = MAX_UNPACKED_BYTES

    def fragment(self, number: int, start: int, size: int) -> str:
        if number != self._number:
            self._block, self._number = self._unpack(number), number
        if size > MAX_FRAGMENT_BYTES:
            raise SourceUnreadable(
                f"A verse of {self._module} has over {size_of(MAX_FRAGMENT_BYTES)}.",
                remedy="The module is damaged; download it again.",
            )
        if start + size > len(self._block):
            raise SourceUnreadable(
                f"A verse of {self._module} lies beyond the end of its block.",
                remedy="The module is truncated; fetch it again.",
            )
        return self._block[start : start + size].decode("utf-8", errors="replace")

    def _unpack(self, number: int) -> bytes:
        at = number * _BLOCK_ENTRY.size
        if at + _BLOCK_ENTRY.size > len(self._index):
            raise SourceUnreadable(
                f"{self._module} names a block that it does not have.",
                remedy="The module is truncated; fetch it again.",
            )
        offset, size, _unpacked = _BLOCK_ENTRY.unpack_from(self._index, at)
        block = inflate(self._data[offset : offset + size], self._module)
        self._left -= len(block)
        if self._left < 0:
            raise SourceUnreadable(
                f"{self._module} unpacks to more than {size_of(MAX_UNPACKED_BYTES)}.",
                remedy="No Bible text is that large.",
            )
        return block


def inflate(data: bytes, module: str) -> bytes:
    """Unpack a zlib block, at most 64 MiB of it. Raises SourceUnreadable."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, MAX_BLOCK_BYTES)
    except zlib.error as error:
        raise SourceUnreadable(
            f"A block of {module} does not unpack.", remedy="The module is damaged; download it again."
        ) from error
    if not unpacker.eof:
        raise SourceUnreadable(
            f"A block of {module} is cut short, or unpacks to more than {MAX_BLOCK_BYTES >> 20} MiB.",
            remedy="The module is damaged or malicious; fetch it again.",
        )
    return unpacked


def _read_file(configuration: Configuration, name: str) -> bytes:
    try:
        return read_regular(configuration.data_path / name, inside=configuration.inside)
    except FileRefused as error:
        raise SourceUnreadable(
            f"The file {name} of {configuration.module} is missing, or is not a file that can be read.",
            remedy="Download the module again.",
        ) from error
