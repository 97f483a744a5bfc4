"""Reads OSIS XML documents as a stream."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from appliance.infrastructure.opening import open_regular, shown_name, size_of
from appliance.scripture.canon import BOOK_BY_OSIS, verse_id
from appliance.scripture.importers.fragments import is_milestone
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.osis.header import MAX_BYTES, read_header
from appliance.scripture.importers.osis.parsing import Parser, Target, local_name
from appliance.scripture.importers.osis.pieces import joined
from appliance.scripture.importers.source import SourceUnreadable, TranslationSource
from appliance.scripture.translations.verse import Verse
from appliance.scripture.versification import HUB, Versification, versification

CHUNK_BYTES = 1 << 16
# The largest number of bytes between two verses. There is a limit because a cancelled import stops only at a verse.
MAX_BYTES_WITHOUT_VERSE = 16 * 2**20
_VERSE_ID = re.compile(r"^(\w+)\.(\d{1,3})\.(\d{1,3})(?:!\w+)?$")


def read_osis(path: Path, *, inside: Path | None = None) -> TranslationSource:
    """Return the translation in an OSIS document. If the path is a link, it must not lead out of the folder `inside`.

    Raises SourceUnreadable or FileRefused.
    """
    header = read_header(path, inside)
    with open_regular(path, inside=inside, max_bytes=MAX_BYTES) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return TranslationSource(
        id=header.id,
        name=header.name,
        language=header.language,
        versification=header.versification,
        licence=header.rights or "Not stated by the document",
        attribution=header.name,
        origin=f"OSIS document {shown_name(path)}",
        digest=digest,
        entries=lambda: read_verses(path, header.versification, inside=inside),
        known_text=KnownText(absent=TEXTUAL_VARIANTS),
    )


def read_verses(path: Path, scheme: str = HUB, *, inside: Path | None = None) -> Iterator[Verse]:
    """Yield the verses in the order of the document. The document numbers them by the versification `scheme`.

    Successive pieces of a verse are joined.
    """
    target = _VerseTarget(versification(scheme))
    parser = Parser(target, path)
    bytes_without_verse = 0
    with open_regular(path, inside=inside, max_bytes=MAX_BYTES) as file:
        while data := file.read(CHUNK_BYTES):
            parser.feed(data)
            complete = joined(target.verses)
            bytes_without_verse = 0 if len(complete) > 1 else bytes_without_verse + len(data)
            if bytes_without_verse > MAX_BYTES_WITHOUT_VERSE:
                raise SourceUnreadable(
                    f"{shown_name(path)} contains {size_of(MAX_BYTES_WITHOUT_VERSE)} without a verse.",
                    remedy="Check that it is a Bible. Remove other content from the file.",
                )
            # The next chunk may contain another piece of the last verse, so the last verse is kept back.
            yield from complete[:-1]
            target.verses = complete[-1:]
    parser.close()
    yield from joined(target.verses)


class _VerseTarget(Target):
    """Sends the events of a document to a VerseReader, and collects the complete verses."""

    def __init__(self, scheme: Versification) -> None:
        self.verses: list[Verse] = []
        self._versification = scheme
        self._reader = VerseReader()
        self._inside = False
        self._in_header = False
        self._elements: list[tuple[str, bool]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        milestone = is_milestone(attributes)
        self._elements.append((name, milestone))
        if name == "header" or self._in_header:
            self._in_header = True
        elif name == "verse":
            if "eID" in attributes:
                self._finish()
            elif ids := (attributes.get("osisID") or attributes.get("sID") or "").split():
                self._begin(ids)
        else:
            self._reader.start(name, attributes)

    def end(self, _tag: str) -> None:
        name, milestone = self._elements.pop()
        if milestone or self._in_header:
            self._in_header = self._in_header and name != "header"
        elif name == "verse":
            self._finish()
        else:
            self._reader.end(name)

    def data(self, data: str) -> None:
        if not self._in_header:
            self._reader.text(data)

    def close(self) -> None:
        self._finish()

    def _begin(self, ids: list[str]) -> None:
        self._finish()
        verse_ids = [self._verse_id(osis) for osis in ids]
        self._reader.begin(verse_ids[0], through=verse_ids[-1])
        self._inside = True

    def _verse_id(self, osis: str) -> int:
        """Return the verse_id of `John.3.16`, `Bible:John.3.16` or `John.3.16!a` in the versification of the document."""
        match = _VERSE_ID.match(osis.rpartition(":")[2])
        book = BOOK_BY_OSIS.get(match[1]) if match else None
        if match is None or book is None:
            raise SourceUnreadable(
                f"{osis[:40]!r} is not the OSIS id of a verse.", remedy="Correct the file. Use ids such as John.3.16."
            )
        chapter, verse = int(match[2]), int(match[3])
        division = self._versification.division(book)
        counts = division.verses if division else ()
        if counts and not (1 <= chapter <= len(counts) and verse <= counts[chapter - 1]):
            raise SourceUnreadable(
                f"The document contains {osis[:40]}. The versification {self._versification.name} does not have this verse.",
                remedy="Check that the header names the right versification (<refSystem>).",
            )
        return verse_id(book, chapter, verse)

    def _finish(self) -> None:
        if self._inside:
            self._inside = False
            self.verses.append(self._reader.finish())
