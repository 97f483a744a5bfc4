"""Converts the USFM markers of one book to events of a VerseReader."""

import re
from collections.abc import Iterator

from appliance.infrastructure.numbers import whole_number
from appliance.scripture.canon import Book, verse_id
from appliance.scripture.importers.markup import VerseReader
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.importers.usfm.preparation import WORD_BODY, WORD_END, WORD_START, prepare
from appliance.scripture.translations.verse import Verse

# No chapter or verse can have a higher number. Psalm 119 has 176 verses, and there are 151 psalms.
MAX_NUMBER = 200
_MARKER = re.compile(
    rf"\\(\+?[a-z]+\d*)(?:(\*)|[ \t]?)|{WORD_START}([^{WORD_BODY}]*){WORD_BODY}|({WORD_END})"
    rf"|([^\\{WORD_START}{WORD_END}]+)|\\"
)
_NUMBER = re.compile(r"^\s*(\d+)[a-z]?(?:[-,](\d+)[a-z]?)?\s*")
# Markers of lines that describe the file. These lines are not part of the text.
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
    """Yield the verses of one book. Raises SourceUnreadable for a verse before the first chapter, or an invalid number."""
    reader = _BookReader(book, file_name)
    for token in _MARKER.finditer(prepare(text)):
        marker, closing, strongs, word_end, data = token.groups()
        if data is not None:
            yield from reader.text(data)
        elif strongs is not None:
            reader.start_word(strongs)
        elif word_end:
            reader.end_word()
        elif marker and closing:
            reader.close(marker.removeprefix("+"))
        elif marker:
            reader.open(marker.removeprefix("+"))
    yield from reader.finish()


class _BookReader:
    """Converts markers to events of a VerseReader."""

    def __init__(self, book: Book, file_name: str) -> None:
        self._book, self._file_name = book, file_name
        self._reader = VerseReader()
        self._chapter = 0
        self._inside = False
        self._number_kind = ""
        self._title = ""
        self._note = ""
        self._expects_caller = False
        self._skip_line = False

    def open(self, marker: str) -> None:
        if marker in ("c", "v"):
            self._end_title()
            self._number_kind, self._skip_line = marker, False
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
        if self._number_kind:
            match = _NUMBER.match(data)
            if not match:
                raise SourceUnreadable(
                    f"{self._file_name} contains a \\{self._number_kind} without a number.", remedy="Correct the file."
                )
            number, last = self._number(match[1]), self._number(match[2] or "0")
            data = data[match.end() :]
            yield from self._begin(self._number_kind, number, last)
            self._number_kind = ""
        if self._skip_line:
            return
        if self._expects_caller:
            # In `\f + …`, skip the caller of the note, which is a sign or a letter.
            data = data.lstrip().partition(" ")[2]
            self._expects_caller = False
        self._reader.text(data)

    def _number(self, digits: str) -> int:
        number = whole_number(digits, max_value=MAX_NUMBER)
        if number is None:
            short_digits = digits if len(digits) <= 6 else f"{digits[:6]}…"
            raise SourceUnreadable(
                f"{self._file_name} contains \\{self._number_kind} {short_digits}. This number is too high for any book.",
                remedy="Correct the file.",
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
                f"{self._file_name} contains a verse before the first chapter.",
                remedy=r"Correct the file. Write \c before \v.",
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
