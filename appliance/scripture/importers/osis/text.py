"""OSIS XML documents, read as a stream; entities are not accepted at all."""

import functools
import hashlib
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree

from appliance.infrastructure.opening import open_regular, shown_name, shown_text, size_of
from appliance.scripture.canon import BOOK_BY_OSIS, verse_id
from appliance.scripture.importers.fragments import is_milestone
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.markup import MAX_VERSE_CHARACTERS, VerseReader
from appliance.scripture.importers.source import SourceUnreadable, TextSource
from appliance.scripture.translations.verse import Break, Heading, Markup, Note, Span, Verse, Word
from appliance.scripture.versification import HUB, Versification, versification

CHUNK_BYTES = 1 << 16
MAX_BYTES = 256 * 2**20
# From one verse to the next: a cancelled import ends at a verse.
MAX_BYTES_WITHOUT_VERSE = 16 * 2**20
# Of one verse that the document cuts up: pieces at a time, and annotations in all.
MAX_PIECES = 500
MAX_ANNOTATIONS = 10_000
_PROLOGUE_BYTES = 1 << 20
_VERSE_ID = re.compile(r"^(\w+)\.(\d{1,3})\.(\d{1,3})(?:!\w+)?$")


class Header(msgspec.Struct, frozen=True):
    """What an OSIS header says of its text."""

    id: str
    name: str
    language: str
    rights: str
    versification: str


def read_osis(path: Path, *, inside: Path | None = None) -> TextSource:
    """The text of an OSIS document, which no link may lead out of the folder `inside`.

    Raises SourceUnreadable or FileRefused.
    """
    header = _read_header(path, inside)
    with open_regular(path, inside=inside, most=MAX_BYTES) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return TextSource(
        id=header.id,
        name=header.name,
        language=header.language,
        versification=header.versification,
        licence=header.rights or "Not stated by the document",
        attribution=header.name,
        origin=f"OSIS document {shown_name(path)}",
        digest=digest,
        entries=lambda: read_verses(path, header.versification, inside=inside),
        known=KnownText(absent=TEXTUAL_VARIANTS),
    )


class _Target:
    """What both passes over a document refuse."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Called by the parser for a document type declaration, whatever the encoding."""
        raise SourceUnreadable(
            f"The document declares a document type ({shown_text(name)}), which could read or inflate other data.",
            remedy="Remove the <!DOCTYPE …> from it.",
        )


class _HeaderTarget(_Target):
    """Collects the first work of the header."""

    def __init__(self, fallback: str) -> None:
        self.values = {"id": fallback, "title": "", "rights": "", "language": "und", "refSystem": ""}
        self.is_osis = False
        self._path: list[str] = []
        self._text = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self._path.append(name)
        self._text = ""
        self.is_osis = self.is_osis or name == "osis"
        if name == "osisText":
            self.values["id"] = attributes.get("osisIDWork", self.values["id"])
            self.values["language"] = attributes.get("{http://www.w3.org/XML/1998/namespace}lang", "und")

    def end(self, _tag: str) -> None:
        name = self._path.pop()
        if self._path[-1:] == ["work"] and name in ("title", "rights", "refSystem") and not self.values[name]:
            self.values[name] = self._text.strip()
        self._text = ""

    def data(self, data: str) -> None:
        # An entity such as &amp; parts a text into several pieces.
        self._text += data

    def close(self) -> None:
        """Called by the parser at the document's end."""

    def header(self) -> Header:
        system = self.values["refSystem"].removeprefix("Bible.")
        known = {
            "kjv": "KJV",
            "nrsv": "NRSV",
            "nrsva": "NRSVA",
            "kjva": "KJVA",
            "mt": "MT",
            "lxx": "LXX",
            "vulg": "Vulg",
        }
        return Header(
            id=re.sub(r"[^\w.-]", "", self.values["id"]),
            name=self.values["title"] or self.values["id"],
            language=self.values["language"],
            rights=self.values["rights"],
            versification=known.get(system.lower(), HUB),
        )


def _local(tag: str) -> str:
    """The name of an element without its namespace, or the prefix of one that is not declared."""
    return tag.rpartition("}")[2].rpartition(":")[2]


class _Parser:
    """A stream of events into a target (lxml's parser target interface), with nothing resolved, loaded or fetched on the way."""

    def __init__(self, target: Any, path: Path) -> None:
        self._path = path
        self._parser: Any = etree.XMLParser(
            target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except etree.XMLSyntaxError as error:
            raise SourceUnreadable(
                f"{shown_name(self._path)} is not well-formed XML: {_fault(error)}.",
                remedy="Correct the file, or download it again.",
            ) from error

    def close(self) -> None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise SourceUnreadable(
                f"{shown_name(self._path)} is cut short: {_fault(error)}.", remedy="Download it again."
            ) from error


def _fault(error: etree.XMLSyntaxError) -> str:
    """What the parser found, in one line without a full stop."""
    return shown_text(" ".join(str(error.msg or "the parser does not say why").split()).removesuffix("."), most=200)


def _read_header(path: Path, inside: Path | None) -> Header:
    target = _HeaderTarget(shown_name(path.with_suffix("")))
    with open_regular(path, inside=inside, most=MAX_BYTES) as file:
        _Parser(target, path).feed(file.read(_PROLOGUE_BYTES))
    if not target.is_osis:
        raise SourceUnreadable(
            f"{shown_name(path)} is XML, but not OSIS.", remedy="An OSIS document begins with <osis …>."
        )
    return target.header()


class _VerseTarget(_Target):
    """Drives a VerseReader from a document's events and gathers the verses that are complete."""

    def __init__(self, scheme: Versification) -> None:
        self.verses: list[Verse] = []
        self._versification = scheme
        self._reader = VerseReader()
        self._inside = False
        self._in_header = False
        self._elements: list[tuple[str, bool]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
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
        places = [self._place(each) for each in ids]
        self._reader.begin(places[0], through=places[-1])
        self._inside = True

    def _place(self, osis: str) -> int:
        """The verse_id of `John.3.16`, `Bible:John.3.16` or `John.3.16!a` in the document's own versification."""
        match = _VERSE_ID.match(osis.rpartition(":")[2])
        book = BOOK_BY_OSIS.get(match[1]) if match else None
        if match is None or book is None:
            raise SourceUnreadable(f"{osis[:40]!r} is not the OSIS id of a verse.", remedy="Ids look like John.3.16.")
        chapter, verse = int(match[2]), int(match[3])
        division = self._versification.division(book)
        counts = division.verses if division else ()
        if counts and not (1 <= chapter <= len(counts) and verse <= counts[chapter - 1]):
            raise SourceUnreadable(
                f"The document has a verse {osis[:40]}, which {self._versification.name} has not.",
                remedy="Does its header state the right versification (<refSystem>)?",
            )
        return verse_id(book, chapter, verse)

    def _finish(self) -> None:
        if self._inside:
            self._inside = False
            self.verses.append(self._reader.finish())


def read_verses(path: Path, scheme: str = HUB, *, inside: Path | None = None) -> Iterator[Verse]:
    """Verses in the document's order, numbered by a versification; pieces of a verse that follow each other are joined."""
    target = _VerseTarget(versification(scheme))
    parser = _Parser(target, path)
    without = 0
    with open_regular(path, inside=inside, most=MAX_BYTES) as file:
        while data := file.read(CHUNK_BYTES):
            parser.feed(data)
            complete = _joined(target.verses)
            without = 0 if len(complete) > 1 else without + len(data)
            if without > MAX_BYTES_WITHOUT_VERSE:
                raise SourceUnreadable(
                    f"{shown_name(path)} has {size_of(MAX_BYTES_WITHOUT_VERSE)} without a verse.",
                    remedy="Is it a Bible? Remove what is not part of it.",
                )
            # The last one may yet get a second piece.
            yield from complete[:-1]
            target.verses = complete[-1:]
    parser.close()
    yield from _joined(target.verses)


def _joined(verses: list[Verse]) -> list[Verse]:
    out: list[Verse] = []
    for _place, pieces in groupby(verses, key=lambda verse: verse.verse_id):
        first, *others = pieces
        if len(others) > MAX_PIECES:
            raise _too_long(first)
        out.append(functools.reduce(_join, others, first))
    return out


def _too_long(verse: Verse) -> SourceUnreadable:
    return SourceUnreadable(
        f"The verse {verse.osis} is longer than any verse is.", remedy="Is the document an OSIS Bible?"
    )


def _join(first: Verse, second: Verse) -> Verse:
    by = len(first.text) + 1 if first.text else 0
    one, two = first.markup, second.markup
    annotations = len(one.words) + len(one.notes) + len(one.spans) + len(one.breaks) + len(one.headings)
    if by > MAX_VERSE_CHARACTERS or annotations > MAX_ANNOTATIONS:
        raise _too_long(first)
    return Verse(
        first.verse_id,
        f"{first.text} {second.text}".strip(),
        Markup(
            words=one.words + tuple(Word(w.start + by, w.end + by, w.strongs) for w in two.words),
            notes=one.notes + tuple(Note(n.at + by, n.kind, n.text) for n in two.notes),
            spans=one.spans + tuple(Span(s.start + by, s.end + by, s.kind) for s in two.spans),
            breaks=one.breaks + tuple(Break(b.at + by, b.kind, b.level) for b in two.breaks),
            headings=one.headings + tuple(Heading(h.kind, h.text, h.at + by) for h in two.headings),
        ),
        through=max(first.through, second.through),
    )
