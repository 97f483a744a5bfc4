r"""USFM files: `\v 16 For God so loved …`, read into the same events as OSIS.

Source: the USFM 3.0 documentation of paragraph, character and note markers.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from appliance.scripture.canon import BOOK_BY_OSIS, Book, verse_id
from appliance.scripture.importers import known_texts
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable, TextSource
from appliance.scripture.passage import Verse
from appliance.scripture.versification import HUB

# Above the 176 verses of Psalm 119 and the 151 psalms.
MAX_NUMBER = 200
MAX_FILE_BYTES = 32 * 2**20

_CODES = dict(
    zip(
        "GEN EXO LEV NUM DEU JOS JDG RUT 1SA 2SA 1KI 2KI 1CH 2CH EZR NEH EST JOB PSA PRO ECC SNG ISA JER LAM EZK DAN HOS "
        "JOL AMO OBA JON MIC NAM HAB ZEP HAG ZEC MAL MAT MRK LUK JHN ACT ROM 1CO 2CO GAL EPH PHP COL 1TH 2TH 1TI 2TI "
        "TIT PHM HEB JAS 1PE 2PE 1JN 2JN 3JN JUD REV TOB JDT ESG WIS SIR BAR LJE S3Y SUS BEL 1MA 2MA 3MA 4MA 1ES 2ES "
        "MAN PS2 ODA PSS".split(),
        "Gen Exod Lev Num Deut Josh Judg Ruth 1Sam 2Sam 1Kgs 2Kgs 1Chr 2Chr Ezra Neh Esth Job Ps Prov Eccl Song Isa Jer "
        "Lam Ezek Dan Hos Joel Amos Obad Jonah Mic Nah Hab Zeph Hag Zech Mal Matt Mark Luke John Acts Rom 1Cor 2Cor Gal "
        "Eph Phil Col 1Thess 2Thess 1Tim 2Tim Titus Phlm Heb Jas 1Pet 2Pet 1John 2John 3John Jude Rev Tob Jdt EsthGr Wis "
        "Sir Bar EpJer PrAzar Sus Bel 1Macc 2Macc 3Macc 4Macc 1Esd 2Esd PrMan AddPs Odes PssSol".split(),
        strict=True,
    )
)
# Alternative numbers, figures, quoted sources, sidebars: with all that stands in them.
_DROPPED = re.compile(r"\\(va|vp|ca|fig|rq)\b.*?\\\1\*|\\esb\b.*?\\esbe\b", re.DOTALL)
# `\qt-s |who="Pilate"\*`, `\ts\*`: points in the text, of USFM 3.
_MILESTONE = re.compile(r"\\[a-z]+\d*(?:-[se])?\b[^\\\n]*\\\*")
_WORD = re.compile(r"\\(\+?)w\s+(.*?)(?:\|([^\\]*))?\\\1w\*", re.DOTALL)
# What a character style says of itself before it closes.
_ATTRIBUTES = re.compile(r"\|[^\\\n]*(?=\\\+?[a-z]+\d*\*)")
# A word with its Strong's numbers in front, as `prepare` writes it.
_WORD_START, _WORD_BODY, _WORD_END = "\ue000", "\ue001", "\ue002"
_MARKER = re.compile(
    rf"\\(\+?[a-z]+\d*)(?:(\*)|[ \t]?)|{_WORD_START}([^{_WORD_BODY}]*){_WORD_BODY}|({_WORD_END})"
    rf"|([^\\{_WORD_START}{_WORD_END}]+)|\\"
)
_NUMBER = re.compile(r"^\s*(\d+)[a-z]?(?:[-,](\d+)[a-z]?)?\s*")
_STRONG = re.compile(r'strong="([GH]\d+)"')
# Lines about the file, not of the text.
_HEADER = re.compile(
    r"^(id|ide|h\d*|toca?\d*|rem|sts|usfm|cl|cp|cd|restore|imt\d*|is\d*|ip|ipi|im|imi|io\d*|iot|ili\d*|ie|iex|periph)$"
)
_TITLE = re.compile(r"^(mte?|ms|mr|s|sr|r|sd|qa)\d*$")
_PARAGRAPH = re.compile(r"^(p|m|po|pr|cls|pmo|pm|pmc|pmr|pi|mi|nb|pc|ph|li|lh|lf|tr)\d*$")
_CELL = re.compile(r"^t[hc]r?\d*$")
_LINE = re.compile(r"^(q|qr|qc|qm|qd)(\d*)$")
_CHARACTER = {"wj": ("q", {"who": "Jesus"}), "nd": ("divineName", {}), "add": ("transChange", {"type": "added"}),
              "tl": ("foreign", {}), "qs": ("l", {"type": "selah"})}  # fmt: skip
_NOTES = {
    "f": {"placement": "foot"},
    "fe": {"placement": "end"},
    "ef": {"placement": "foot"},
    "x": {"type": "crossReference"},
}


def read_usfm(files: Sequence[Path], *, name: str) -> TextSource:
    """The text of USFM files, one a book. Raises SourceUnreadable."""
    books = sorted(((_book(path), path) for path in files), key=lambda pair: pair[0].number if pair[0] else 0)
    scripture = [(book, path) for book, path in books if book]
    if not scripture:
        raise SourceUnreadable(
            f"{name} has no USFM file with a book of the Bible.", remedy=r"A file begins with \id GEN."
        )
    digest = hashlib.sha256()
    for _book_of_file, path in scripture:
        digest.update(path.read_bytes())
    return TextSource(
        id=re.sub(r"[^\w.-]", "", name), name=name, language="und", versification=HUB,
        licence="Not stated by the files", attribution=name, origin=f"USFM files {name}", digest=digest.hexdigest(),
        verses=lambda: (verse for book, path in scripture for verse in read_book(book, _text(path), path.name)),
        known_absent=known_texts.TEXTUAL_VARIANTS,
    )  # fmt: skip


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SourceUnreadable(
            f"{path.name} is over {MAX_FILE_BYTES >> 20} MiB.", remedy="A book of USFM has at most some MiB."
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{path.name} is not UTF-8.", remedy="Convert it to UTF-8 first.") from error


def _book(path: Path) -> Book | None:
    match = re.match(r"\s*\\id\s+(\w{3})", _text(path)[:1000])
    if not match:
        raise SourceUnreadable(
            f"{path.name} is not USFM.", remedy=r"A file begins with \id and a book's code, such as \id GEN."
        )
    osis = _CODES.get(match[1].upper())
    return BOOK_BY_OSIS[osis] if osis else None


def read_book(book: Book, text: str, file_name: str) -> Iterator[Verse]:
    """The verses of one book's USFM. Raises SourceUnreadable for a verse before any chapter."""
    state = _BookReader(book, file_name)
    for token in _MARKER.finditer(_prepare(text)):
        marker, closing, strongs, word_end, data = token.groups()
        if data is not None:
            yield from state.text(data)
        elif strongs is not None:
            state.start_word(strongs)
        elif word_end:
            state.end_word()
        elif marker and closing:
            state.close(marker.removeprefix("+"))
        elif marker:
            state.open(marker.removeprefix("+"))
    yield from state.finish()


def _prepare(text: str) -> str:
    """Leave what stands in the text: words with their numbers in front, and nothing about it."""
    text = _MILESTONE.sub("", _DROPPED.sub("", text))
    text = _WORD.sub(
        lambda word: f"{_WORD_START}{' '.join(_STRONG.findall(word[3] or ''))}{_WORD_BODY}{word[2]}{_WORD_END}", text
    )
    return _ATTRIBUTES.sub("", text).replace("~", "\u00a0").replace("//", " ")


class _BookReader:
    """Turns markers into the events of a VerseReader."""

    def __init__(self, book: Book, file_name: str) -> None:
        self._book, self._file_name = book, file_name
        self._reader = VerseReader()
        self._chapter = 0
        self._inside = False
        self._expects = ""
        self._title = ""
        self._note = ""
        self._expects_caller = False
        self._skip_line = False

    def open(self, marker: str) -> None:
        if marker in ("c", "v"):
            self._end_title()
            self._expects, self._skip_line = marker, False
        elif _HEADER.match(marker):
            self._end_title()
            self._skip_line = True
        elif marker in _NOTES:
            self._reader.start("note", _NOTES[marker])
            self._note, self._expects_caller = marker, True
        elif self._note:
            self._open_in_note(marker)
        elif _TITLE.match(marker) or marker in ("d", "sp"):
            self._end_title()
            self._skip_line = False
            self._title = "speaker" if marker == "sp" else "title"
            kind = {"d": "psalm"}.get(marker, "main" if marker.startswith("mt") else "section")
            self._reader.start(self._title, {"type": kind})
        elif marker in _CHARACTER:
            self._reader.start(*_CHARACTER[marker])
        elif _CELL.match(marker):
            self._reader.text(" ")
        else:
            self._open_block(marker)

    def _open_in_note(self, marker: str) -> None:
        if marker in ("fr", "xo"):
            self._reader.start("reference", {"type": "annotateRef"})
        elif marker.startswith(("f", "x")):
            self._reader.end("reference")

    def _open_block(self, marker: str) -> None:
        line = _LINE.match(marker)
        if not (line or _PARAGRAPH.match(marker) or marker == "b"):
            return
        self._end_title()
        self._skip_line = False
        if line:
            self._reader.start("l", {"level": line[2] or "1", "sID": ""})
        elif marker == "b":
            self._reader.start("lg", {"sID": ""})
        else:
            self._reader.start("p", {"sID": ""})

    def close(self, marker: str) -> None:
        if marker in _NOTES:
            self._reader.end("reference")
            self._reader.end("note")
            self._note = ""
        elif marker in _CHARACTER:
            self._reader.end(_CHARACTER[marker][0])

    def text(self, data: str) -> Iterator[Verse]:
        if self._expects:
            match = _NUMBER.match(data)
            if not match:
                raise SourceUnreadable(
                    f"{self._file_name} has a \\{self._expects} without a number.", remedy="Mend the file."
                )
            number, last, data = int(match[1]), int(match[2] or 0), data[match.end() :]
            yield from self._begin(self._expects, number, last)
            self._expects = ""
        if self._skip_line:
            return
        if self._expects_caller:
            # `\f + …`: how the note is called, a sign or a letter.
            data = data.lstrip().partition(" ")[2]
            self._expects_caller = False
        self._reader.text(data)

    def start_word(self, strongs: str) -> None:
        self._reader.start("w", {"lemma": " ".join(f"strong:{number}" for number in strongs.split())})

    def end_word(self) -> None:
        self._reader.end("w")

    def _begin(self, kind: str, number: int, last: int) -> Iterator[Verse]:
        yield from self.finish()
        if max(number, last) > MAX_NUMBER:
            raise SourceUnreadable(
                f"{self._file_name} has \\{kind} {number}, which no book has.", remedy="Mend the file."
            )
        if kind == "c":
            self._chapter = number
            self._reader.start("chapter", {"sID": ""})
            return
        if not self._chapter:
            raise SourceUnreadable(
                f"{self._file_name} has a verse before any chapter.", remedy=r"A \c belongs before \v."
            )
        through = verse_id(self._book, self._chapter, last) if last else 0
        self._reader.begin(verse_id(self._book, self._chapter, number), through=through)
        self._inside = True

    def _end_title(self) -> None:
        if self._title:
            self._reader.end(self._title)
            self._title = ""

    def finish(self) -> Iterator[Verse]:
        self._end_title()
        if self._inside:
            self._inside = False
            yield self._reader.finish()
