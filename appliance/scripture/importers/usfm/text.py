r"""USFM files: `\v 16 For God so loved …`, read into the same events as OSIS.

Source: the USFM 3.0 documentation of paragraph, character and note markers.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from appliance.infrastructure.numbers import whole_number
from appliance.infrastructure.opening import read_regular, shown_name, size_of
from appliance.scripture.canon import BOOK_BY_OSIS, Book, verse_id
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable, TextSource
from appliance.scripture.translations.verse import Verse
from appliance.scripture.versification import HUB

# Above the 176 verses of Psalm 119 and the 151 psalms.
MAX_NUMBER = 200
MAX_FILE_BYTES = 32 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20

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
# Alternative numbers, figures, quoted sources, sidebars: dropped with their content, up to the marker that closes them.
_DROPPED = re.compile(r"\\(va|vp|ca|fig|rq|esb)\b(?!\*)")
# `\qt-s |who="Pilate"\*`, `\ts\*`: points in the text, of USFM 3.
_MILESTONE = re.compile(r"\\[a-z]+\d*(?:-[se])?\b[^\\\n]*\\\*")
_WORD = re.compile(r"\\(\+?)w\s+")
# What a character style says of itself before it closes.
_ATTRIBUTES = re.compile(r"\|[^\\\n]*")
_CLOSING = re.compile(r"\\\+?[a-z]+\d*\*")
# A word with its Strong's numbers in front, as `prepare` writes it.
_WORD_START, _WORD_BODY, _WORD_END = "\ue000", "\ue001", "\ue002"
_NO_WORD_SIGNS = dict.fromkeys(map(ord, (_WORD_START, _WORD_BODY, _WORD_END)))
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
_CHARACTER = {
    "wj": ("q", {"who": "Jesus"}),
    "nd": ("divineName", {}),
    "add": ("transChange", {"type": "added"}),
    "tl": ("foreign", {}),
    "qs": ("l", {"type": "selah"}),
}
_NOTES = {
    "f": {"placement": "foot"},
    "fe": {"placement": "end"},
    "ef": {"placement": "foot"},
    "x": {"type": "crossReference"},
}


def read_usfm(files: Sequence[Path], *, name: str, inside: Path | None = None) -> TextSource:
    """The text of USFM files, one per book, which no link may lead out of the folder `inside`.

    Raises SourceUnreadable or FileRefused.
    """
    books = sorted(((_book(path, inside), path) for path in files), key=lambda pair: pair[0].number if pair[0] else 0)
    scripture = [(book, path) for book, path in books if book]
    if not scripture:
        raise SourceUnreadable(
            f"{name} has no USFM file with a book of the Bible.", remedy=r"A file begins with \id GEN."
        )
    digest, size = hashlib.sha256(), 0
    for _book_of_file, path in scripture:
        data = read_regular(path, inside=inside, most=MAX_FILE_BYTES)
        digest.update(data)
        size += len(data)
        if size > MAX_TOTAL_BYTES:
            raise SourceUnreadable(
                f"The USFM files of {name} are over {size_of(MAX_TOTAL_BYTES)}.",
                remedy="Give one translation at a time.",
            )
    return TextSource(
        id=re.sub(r"[^\w.-]", "", name),
        name=name,
        language="und",
        versification=HUB,
        licence="Not stated by the files",
        attribution=name,
        origin=f"USFM files {name}",
        digest=digest.hexdigest(),
        entries=lambda: (
            verse for book, path in scripture for verse in read_book(book, _text(path, inside), shown_name(path))
        ),
        known=KnownText(absent=TEXTUAL_VARIANTS),
    )


def _text(path: Path, inside: Path | None) -> str:
    try:
        return read_regular(path, inside=inside, most=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{shown_name(path)} is not UTF-8.", remedy="Convert it to UTF-8 first.") from error


def _book(path: Path, inside: Path | None) -> Book | None:
    match = re.match(r"\s*\\id\s+(\w{3})", _text(path, inside)[:1000])
    if not match:
        raise SourceUnreadable(
            f"{shown_name(path)} is not USFM.", remedy=r"A file begins with \id and a book's code, such as \id GEN."
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
    """The text with the Strong's numbers in front of their words, and without the markers of other matter.

    Every step takes time in proportion to the text, also where markers are opened and never closed.
    """
    text = _replaced(text.translate(_NO_WORD_SIGNS), _DROPPED, _end_of_dropped, lambda _content: "")
    text = _replaced(_MILESTONE.sub("", text), _WORD, lambda word: f"\\{word[1]}w*", _marked_word)
    text = _ATTRIBUTES.sub(lambda found: "" if _CLOSING.match(text, found.end()) else found[0], text)
    return text.replace("~", "\u00a0").replace("//", " ")


def _replaced(
    text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], str], replace: Callable[[str], str]
) -> str:
    """Replace what is between an opening and its closing marker, and both; one that is not closed stays."""
    kept: list[str] = []
    at, not_closed = 0, set[str]()
    for found in opening.finditer(text):
        end = closing(found)
        if found.start() < at or end in not_closed:
            continue
        closed = text.find(end, found.end())
        if closed < 0:
            not_closed.add(end)
            continue
        kept += [text[at : found.start()], replace(text[found.end() : closed])]
        at = closed + len(end)
    return "".join([*kept, text[at:]])


def _end_of_dropped(opening: re.Match[str]) -> str:
    return r"\esbe" if opening[1] == "esb" else f"\\{opening[1]}*"


def _marked_word(content: str) -> str:
    """A word with its Strong's numbers in front, from `word|strong="G25"`."""
    bar = content.find("|", content.rfind("\\") + 1)
    word, attributes = (content[:bar], content[bar:]) if bar >= 0 else (content, "")
    return f"{_WORD_START}{' '.join(_STRONG.findall(attributes))}{_WORD_BODY}{word}{_WORD_END}"


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
                    f"{self._file_name} has a \\{self._expects} without a number.", remedy="Correct the file."
                )
            number, last = self._number(match[1]), self._number(match[2] or "0")
            data = data[match.end() :]
            yield from self._begin(self._expects, number, last)
            self._expects = ""
        if self._skip_line:
            return
        if self._expects_caller:
            # `\f + …`: how the note is called, a sign or a letter.
            data = data.lstrip().partition(" ")[2]
            self._expects_caller = False
        self._reader.text(data)

    def _number(self, digits: str) -> int:
        number = whole_number(digits, most=MAX_NUMBER)
        if number is None:
            shown = digits if len(digits) <= 6 else f"{digits[:6]}…"
            raise SourceUnreadable(
                f"{self._file_name} has \\{self._expects} {shown}, which no book has.", remedy="Correct the file."
            )
        return number

    def start_word(self, strongs: str) -> None:
        self._reader.start("w", {"lemma": " ".join(f"strong:{number}" for number in strongs.split())})

    def end_word(self) -> None:
        self._reader.end("w")

    def _begin(self, kind: str, number: int, last: int) -> Iterator[Verse]:
        yield from self.finish()
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
