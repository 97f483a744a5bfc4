"""SWORD modules: a folder or zip with `mods.d/*.conf` and the data files that they name.

Formats read from the SWORD project's own drivers: zText (`.bzs` 12-byte block index, `.bzv` 10-byte verse index,
`.bzz` zlib blocks), its large twin zText4 (12-byte verse index), and zLD (see `sword_dictionary`).
"""

import hashlib
import itertools
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.infrastructure.opening import MAX_FILES, FileRefused, read_regular, shown_name, shown_text, size_of
from appliance.scripture.canon import Book, verse_id
from appliance.scripture.importers import known_texts
from appliance.scripture.importers.fragments import feed_fragment
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable, TextSource
from appliance.scripture.translations.verse import Verse
from appliance.scripture.versification import Division, versification

# The largest block of any known module is under 20 MB; a block that grows past this is a bomb.
MAX_BLOCK_BYTES = 64 * 2**20
# All blocks of a module together: each is unpacked once, as verses are stored in the order of the canon.
MAX_UNPACKED_BYTES = 512 * 2**20
MAX_CONFIGURATION_BYTES = 2**20
# Of all verses with their markup.
MAX_TEXT_CHARACTERS = 256 * 2**20
# The markup of one verse, or of the introduction of one chapter.
MAX_FRAGMENT_BYTES = 4 * 2**20

_BLOCK_ENTRY = struct.Struct("<III")
_SHORT, _LONG = struct.Struct("<IIH"), struct.Struct("<III")
_TEXT_DRIVERS = {"zText": _SHORT, "zText4": _LONG}
# Commentaries lie in the same files as texts.
COMMENTARY_DRIVERS = {"zCom": _SHORT, "zCom4": _LONG}
# The files of a module whose blocks are books begin with b, of one whose blocks are chapters with c, of verses with v.
_BLOCK_PREFIXES = "bcv"
_RTF = re.compile(r"\\(?:par|pard|qc|b0?|i0?)\b ?|[{}]")


class Configuration(msgspec.Struct, frozen=True):
    """A module's `.conf`: its name and its keys, the first value of each."""

    module: str
    values: dict[str, str]
    root: Path
    # The folder that no link may lead out of.
    inside: Path

    def value(self, key: str, default: str = "") -> str:
        return self.values.get(key.lower(), default)

    @property
    def data_path(self) -> Path:
        """Where the data files lie. Raises SourceUnreadable for a path outside the module."""
        try:
            path = (self.root / self.value("DataPath")).resolve()
            is_inside = path.is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):
            # A NUL character, a name that no disk can hold, links in a circle.
            is_inside = False
        if not is_inside:
            raise SourceUnreadable(
                f"The module {self.module} names data outside its own folder.",
                remedy="It is damaged or malicious.",
            )
        return path

    @property
    def origin(self) -> str:
        return f"SWORD module {self.module}"

    @property
    def language(self) -> str:
        stated = self.value("Lang")
        if stated:
            return stated
        guessed = {"eng": "en", "spa": "es"}.get(self.module[:3])
        return guessed or "und"

    @property
    def attribution(self) -> str:
        about = _RTF.sub(" ", self.value("About"))
        return " ".join(about.split())

    @property
    def licence(self) -> str:
        stated = self.value("DistributionLicense")
        if stated:
            return stated
        about = self.value("About").lower()
        public = "public domain" in about or "dominio público" in about
        return "Public Domain" if public else "Not stated by the module"


def read_configurations(root: Path, *, inside: Path | None = None) -> list[Configuration]:
    """The modules of a SWORD root, which no link may lead out of the folder `inside` (the root, unless it is given).

    Raises SourceUnreadable for a root without modules, or FileRefused.
    """
    found = [
        _read_configuration(path, root, inside or root) for path in _listed(root / "mods.d") if path.suffix == ".conf"
    ]
    if not found:
        raise SourceUnreadable(
            f"{shown_name(root)} holds no SWORD module.", remedy="A module has a folder mods.d beside modules."
        )
    return found


def _read_configuration(path: Path, root: Path, inside: Path) -> Configuration:
    raw = read_regular(path, inside=inside, most=MAX_CONFIGURATION_BYTES)
    text = raw.decode("utf-8") if _is_utf8(raw) else raw.decode("latin-1")
    module, values = shown_name(path.with_suffix("")), dict[str, str]()
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            module = shown_text(stripped[1:-1])
        elif stripped and not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            values.setdefault(key.strip().lower(), value.strip())
    return Configuration(module, values, root, inside)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_text(configuration: Configuration) -> TextSource:
    """The text of a zText module. Raises SourceUnreadable for drivers and markups that are not read."""
    driver = configuration.value("ModDrv")
    if driver not in _TEXT_DRIVERS:
        raise SourceUnreadable(
            f"The module {configuration.module} uses the driver {shown_text(driver)}, which is not read.",
            remedy=f"Drivers read: {', '.join([*_TEXT_DRIVERS, *COMMENTARY_DRIVERS])}, zLD.",
        )
    check_open(configuration)
    identifier = configuration.value("Abbreviation") or configuration.module
    return TextSource(
        id=re.sub(r"[^\w.-]", "", identifier) or configuration.module,
        name=configuration.value("Description", identifier),
        language=configuration.language,
        versification=versification(configuration.value("Versification", "KJV")).name,
        licence=configuration.licence,
        attribution=configuration.attribution,
        origin=configuration.origin,
        digest=digest_of(configuration),
        entries=lambda: _verses(configuration),
        known=known_texts.by_module(configuration.module),
    )


def check_open(configuration: Configuration) -> None:
    """Raises SourceUnreadable for markups, compressions and locks that are not read."""
    markup = configuration.value("SourceType", "OSIS")
    if markup.upper() != "OSIS":
        raise SourceUnreadable(
            f"The module {configuration.module} is marked up in {shown_text(markup)}.", remedy="Only OSIS is read."
        )
    if configuration.value("CompressType", "ZIP").upper() != "ZIP" or configuration.value("CipherKey"):
        raise SourceUnreadable(
            f"The module {configuration.module} is compressed or locked in a way that is not read.",
            remedy="Ask its publisher for an open one.",
        )


def digest_of(configuration: Configuration) -> str:
    """The SHA-256 of a module's files and of what its configuration says."""
    folder = configuration.data_path
    digest = hashlib.sha256(repr(sorted(configuration.values.items())).encode())
    files = [path for path in _listed(folder.parent) if path.name.startswith(folder.name)] or _listed(folder)
    for path in files:
        digest.update(path.name.encode(errors="surrogateescape"))
        digest.update(read_regular(path, inside=configuration.inside))
    return digest.hexdigest()


def _listed(folder: Path) -> list[Path]:
    """The files of a folder, sorted; none where there is no folder. Raises SourceUnreadable for too many."""
    try:
        with os.scandir(folder) as entries:
            names = [each.name for each in itertools.islice(entries, MAX_FILES + 1) if not each.is_dir()]
    except OSError:
        return []
    if len(names) > MAX_FILES:
        raise SourceUnreadable(f"{shown_name(folder)} has more than {MAX_FILES:,} files.", remedy="Give one module.")
    return [folder / name for name in sorted(names)]


def _verses(configuration: Configuration) -> Iterator[Verse]:
    reader, size = VerseReader(), 0
    for slot in read_slots(configuration, _TEXT_DRIVERS[configuration.value("ModDrv")]):
        size += len(slot.fragment)
        if size > MAX_TEXT_CHARACTERS:
            raise SourceUnreadable(
                f"The verses of {configuration.module} have over {MAX_TEXT_CHARACTERS:,} characters.",
                remedy="No Bible text is that large.",
            )
        if slot.verse:
            reader.begin(verse_id(slot.book, slot.chapter, slot.verse))
        feed_fragment(reader, slot.fragment)
        if slot.verse:
            yield reader.finish()


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
    there = {path.name for path in _listed(configuration.data_path)}
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
