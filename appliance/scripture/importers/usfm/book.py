"""The markers of one book's USFM, turned into the events of a VerseReader."""

import re
from collections.abc import Iterator

from appliance.infrastructure.numbers import whole_number
from appliance.scripture.canon import Book, verse_id
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.usfm.preparation import WORD_BODY, WORD_END, WORD_START, prepare
from appliance.scripture.translations.verse import Verse

# Above the 176 verses of Psalm 119 and the 151 psalms.
MAX_NUMBER = 200
_MARKER = re.compile(
    rf"\\(\+?[a-z]+\d*)(?:(\*)|[ \t]?)|{WORD_START}([^{WORD_BODY}]*){WORD_BODY}|({WORD_END})"
    rf"|([^\\{WORD_START}{WORD_END}]+)|\\"
)
_NUMBER = re.compile(r"^\s*(\d+)[a-z]?(?:[-,](\d+)[a-z]?)?\s*")
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


def read_book(book: Book, text: str, file_name: str) -> Iterator[Verse]:
    """The verses of one book's USFM. Raises SourceUnreadable for a verse before any chapter."""
    state = _BookReader(book, file_name)
    for token in _MARKER.finditer(prepare(text)):
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
