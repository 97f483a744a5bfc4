"""SWORD modules that contain only the few entries that a test needs."""

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from appliance.scripture.importers.sword.configuration import Configuration, read_configurations
from appliance.scripture.versification import Division, Versification, versification

# A place in a module: OSIS id of the book, number of the chapter, number of the verse. Chapter 0 and verse 0 are
# introductions.
SwordPlace = tuple[str, int, int]


def write_verses(
    root: Path,
    markup: Mapping[SwordPlace, str],
    *,
    driver: str = "zText",
    entry: str = "<IIH",
    scheme: str = "KJV",
    lines: Iterable[str] = (),
) -> Configuration:
    """Write a translation or a commentary. It has the testament that the places are in.

    Equal fragments of markup are stored only once. `lines` are more lines for the configuration of the module.
    """
    configuration = _write_configuration(
        root, f"ModDrv={driver}", "DataPath=./data/", f"Versification={scheme}", *lines
    )
    block, spans = b"", dict[str, tuple[int, int]]()
    for fragment in dict.fromkeys(markup.values()):
        spans[fragment] = len(block), len(fragment.encode())
        block += fragment.encode()
    testament, divisions = _testament(versification(scheme), markup)
    entry_size = struct.calcsize(entry)
    slots = bytearray(entry_size * (2 + sum(map(_slots_of, divisions))))
    for place, fragment in markup.items():
        start, size = spans[fragment]
        struct.pack_into(entry, slots, entry_size * _slot_number(divisions, place), 0, start, size)
    packed = zlib.compress(block)
    _write(root / f"data/{testament}.bzv", slots)
    _write(root / f"data/{testament}.bzs", struct.pack("<III", 0, len(packed), len(block)))
    _write(root / f"data/{testament}.bzz", packed)
    return configuration


def write_dictionary(
    root: Path, entries: Sequence[tuple[str, str]], *, lines: Iterable[str] = (), per_block: int = 2
) -> Configuration:
    """Write a dictionary with entries of (key, markup). `lines` are more lines for the configuration of the module."""
    configuration = _write_configuration(root, "ModDrv=zLD", "DataPath=./data/small", *lines)
    index = data = block_index = blocks = b""
    for number, start in enumerate(range(0, len(entries), per_block)):
        in_block = entries[start : start + per_block]
        texts = [markup.encode() + b"\0" for _, markup in in_block]
        packed = zlib.compress(_block(texts))
        block_index += struct.pack("<II", len(blocks), len(packed))
        blocks += packed
        for position, (key, _) in enumerate(in_block):
            record = key.encode() + b"\r\n" + struct.pack("<II", number, position)
            index += struct.pack("<II", len(data), len(record))
            data += record
    for suffix, content in (("idx", index), ("dat", data), ("zdx", block_index), ("zdt", blocks)):
        _write(root / f"data/small.{suffix}", content)
    return configuration


def _testament(scheme: Versification, places: Iterable[SwordPlace]) -> tuple[str, tuple[Division, ...]]:
    """The testament that the places are in, and its books. Without places, it is the New Testament, which is shorter."""
    books = {osis for osis, _, _ in places}
    for testament, divisions in scheme.testaments.items():
        if books & {division.book.osis for division in divisions}:
            return testament, divisions
    return "nt", scheme.testaments["nt"]


def _slots_of(division: Division) -> int:
    """The number of slots of a book: one for its introduction, one per chapter for the introduction, one per verse."""
    return 1 + sum(count + 1 for count in division.verses)


def _slot_number(divisions: Sequence[Division], place: SwordPlace) -> int:
    """The number of the slot for a place. The first two slots of a testament belong to no book."""
    osis, chapter, verse = place
    number = 2
    for division in divisions:
        if division.book.osis == osis:
            earlier_chapters = sum(count + 1 for count in division.verses[: max(chapter - 1, 0)])
            return number + (1 + earlier_chapters + verse if chapter else 0)
        number += _slots_of(division)
    raise ValueError(f"the testament has no book {osis}")


def _block(texts: Sequence[bytes]) -> bytes:
    heads, end = struct.pack("<I", len(texts)), 4 + 8 * len(texts)
    for text in texts:
        heads += struct.pack("<II", end, len(text))
        end += len(text)
    return heads + b"".join(texts)


def _write_configuration(root: Path, *lines: str) -> Configuration:
    _write(root / "mods.d/small.conf", "\n".join(["[Small]", *lines]).encode())
    (configuration,) = read_configurations(root)
    return configuration


def _write(path: Path, content: bytes | bytearray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
