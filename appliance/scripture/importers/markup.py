"""From OSIS markup to clean text with stand-off annotations.

The reader takes a stream of starts, ends and text, from fragments or from a whole document, and builds one verse at a
time. Elements that open in one verse and close in another, and end tags that close nothing, are tolerated: that is how
SWORD modules are. Source: the OSIS 2.1.1 user manual, and what osis2mod makes of it.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from appliance.infrastructure.numbers import whole_number
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.translations.verse import (
    Break,
    BreakKind,
    Heading,
    HeadingKind,
    Markup,
    Note,
    Span,
    SpanKind,
    Verse,
    Word,
)

# Far above what any text has from one verse to the next. A cancelled import ends at a verse, so there is always one soon.
MAX_EVENTS = 200_000
MAX_CHARACTERS = 16 * 2**20
MAX_VERSE_CHARACTERS = 50_000
MAX_OPEN = 200
MAX_STRONGS = 99_999
_STRONGS = re.compile(r"strong:([GH])0*(\d+)")
# USFM that a converter left behind: `\nd LORD\+nd*`.
_USFM_RESIDUE = re.compile(r"\\\+?[a-z]+\d*(?:\*|\s|$)")
_SPACE = re.compile(r"\s+")

_ENCLITICS = {"me", "te", "se", "nos", "os", "lo", "la", "le", "los", "las", "les"}
_ACCENTED_VERB = re.compile(r"(?:\w*[áéíóú]\w*|[aei]r)$")
_OPENING = "“‘([{¿¡"
_CLOSING = ".,;:?!"
_AFTER_NOTE_NO_SPACE = "—–-("
# Matter that is no scripture: what stands in it is not read.
_APPARATUS_DIVISIONS = {
    "front",
    "introduction",
    "glossary",
    "back",
    "concordance",
    "index",
    "gazetteer",
    "map",
}
_SPANS = {"divineName": SpanKind.DIVINE_NAME, "transChange": SpanKind.ADDED, "foreign": SpanKind.FOREIGN}
_HEADINGS = {"psalm": HeadingKind.PSALM, "main": HeadingKind.BOOK}
_BLOCKS = {"p", "l", "lb", "lg", "list", "item", "row", "cell", "div", "closer", "salute", "signed"}


class _Capture(msgspec.Struct):
    """Text on its way to a note or a heading instead of the verse."""

    element: str
    kind: str
    at: int
    depth: int = 1
    parts: list[str] = msgspec.field(default_factory=list)
    skipping: int = 0

    def text(self) -> str:
        return _SPACE.sub(" ", _USFM_RESIDUE.sub("", "".join(self.parts))).strip()


class VerseReader:
    """Builds verses from markup events.

    Call `begin(verse_id)`, feed events, then `finish()`. Headings that stand before a verse's begin (in a chapter's
    opening) are kept for it; running text outside verses is dropped.
    """

    def __init__(self) -> None:
        # The names of quotes that verses left open; a milestone's name has its id.
        self._jesus_speaks: list[str] = []
        self._through = 0
        self._pending_headings: list[Heading] = []
        self._pending_breaks: list[Break] = []
        self._apparatus = 0
        self._divisions: list[bool] = []
        self._verse_id: int | None = None
        self._reset()

    def _reset(self) -> None:
        self._events = self._characters = 0
        self._text = ""
        self._space = False
        self._after_note = False
        self._added_edge = False
        self._soft_edge = False
        self._chapter_over = False
        self._words: list[Word] = []
        self._notes: list[Note] = []
        self._spans: list[Span] = []
        self._breaks: list[Break] = []
        self._headings: list[Heading] = []
        self._open: list[tuple[str, int, tuple[str, ...] | SpanKind | None]] = []
        self._capture: _Capture | None = None

    def begin(self, verse_id: int, *, through: int = 0) -> None:
        """Start a verse, or several printed as one. A quotation that the last verse left open goes on."""
        self._reset()
        self._verse_id = verse_id
        self._through = through if through > verse_id else 0
        self._headings, self._pending_headings = self._pending_headings, []
        self._breaks, self._pending_breaks = self._pending_breaks, []
        self._open = [(name, 0, SpanKind.JESUS) for name in self._jesus_speaks]

    def finish(self) -> Verse:
        """The verse as read; its text may be empty where the source has none."""
        if self._capture is not None:
            self._close_capture()
        length = len(self._text)
        self._jesus_speaks = [name for name, _start, what in self._open if what is SpanKind.JESUS]
        for _name, start, what in self._open:
            if isinstance(what, SpanKind):
                self._annotate(start, what)
        verse = Verse(
            verse_id=self._verse_id or 0,
            text=self._text,
            markup=Markup(
                words=tuple(self._words),
                notes=tuple(self._notes),
                spans=tuple(_merge_spans(self._spans)),
                breaks=self._settled_breaks(length),
                headings=self._settled_headings(length),
            ),
            through=self._through,
        )
        self._verse_id = None
        self._reset()
        return verse

    def _settled_breaks(self, length: int) -> tuple[Break, ...]:
        """Breaks within the verse; one after its last word begins the next verse."""
        within = {(each.at, each.kind): each for each in self._breaks if each.at < length}
        self._pending_breaks += [Break(0, each.kind, each.level) for each in self._breaks if each.at >= length]
        return tuple(within.values())

    def _settled_headings(self, length: int) -> tuple[Heading, ...]:
        """Headings of the verse; one after its last word heads the next verse, unless the chapter is over."""
        settled: list[Heading] = []
        for each in self._headings:
            if each.at < length or length == 0:
                settled.append(each)
            elif self._chapter_over:
                settled.append(Heading(HeadingKind.COLOPHON, each.text, length))
            else:
                self._pending_headings.append(Heading(each.kind, each.text))
        return tuple(settled)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count(1, 0)
        if name == "div" and self._enter_division(attributes):
            return
        if self._capture is not None:
            self._start_in_capture(name, attributes)
        elif self._apparatus:
            return
        elif name in ("note", "title", "speaker"):
            kind = attributes.get("type") or attributes.get("placement") or ""
            self._capture = _Capture(element=name, kind=kind, at=len(self._text))
        elif name == "q":
            self._start_quote(attributes)
        elif name == "w":
            numbers = tuple(
                f"{letter}{number}"
                for letter, digits in _STRONGS.findall(attributes.get("lemma", ""))
                if (number := whole_number(digits, most=MAX_STRONGS)) is not None
            )
            self._open.append(("w", len(self._text), numbers))
        elif name in _SPANS and (name != "transChange" or attributes.get("type") == "added"):
            self._open.append((name, len(self._text), _SPANS[name]))
            self._added_edge = name == "transChange"
        elif name == "chapter":
            self._chapter_over = "eID" in attributes
            self._space = bool(self._text)
        elif name in _BLOCKS or (name == "milestone" and attributes.get("type") == "x-p"):
            self._start_block(name, attributes)

    def end(self, name: str) -> None:
        """Close an element; not to be called for milestones (`sID`, `eID`)."""
        self._count(1, 0)
        if self._capture is not None:
            self._end_in_capture(name)
            return
        if name == "div" and self._divisions and self._divisions.pop():
            self._apparatus -= 1
        self._close_last(name)
        self._soft_edge = self._soft_edge or name == "q"
        if name in _BLOCKS:
            self._space = bool(self._text)

    def _count(self, events: int, characters: int) -> None:
        """Raises SourceUnreadable for more markup or text in one place than any text has."""
        self._events += events
        self._characters += characters
        if (
            self._events > MAX_EVENTS
            or self._characters > MAX_CHARACTERS
            or len(self._text) > MAX_VERSE_CHARACTERS
            or len(self._open) > MAX_OPEN
        ):
            raise SourceUnreadable(
                "There is more text or markup in one place than any Bible has.",
                remedy="The file is damaged. Download it again.",
            )

    def _enter_division(self, attributes: Mapping[str, str]) -> bool:
        """Keep count of matter that is no scripture. True where the division is such matter, or a book."""
        kind = attributes.get("type", "")
        is_apparatus = kind in _APPARATUS_DIVISIONS
        if "eID" in attributes:
            self._apparatus -= is_apparatus and self._apparatus > 0
        else:
            if kind == "book":
                self._apparatus, self._jesus_speaks = 0, []
            self._apparatus += is_apparatus
            if "sID" not in attributes:
                self._divisions.append(is_apparatus)
        return is_apparatus or kind == "book"

    def _close_last(self, name: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            opened, start, what = self._open[index]
            if opened == name:
                del self._open[index]
                self._annotate(start, what)
                self._added_edge = what is SpanKind.ADDED
                return

    def _start_quote(self, attributes: Mapping[str, str]) -> None:
        # The mark itself, where the text leaves it to the markup.
        if attributes.get("marker"):
            self.text(attributes["marker"])
        if "eID" in attributes:
            self._close_last(f"q {attributes['eID']}")
            self._soft_edge = True
        else:
            name = f"q {attributes['sID']}" if "sID" in attributes else "q"
            what = SpanKind.JESUS if attributes.get("who") == "Jesus" else None
            start = len(self._text) - len(attributes.get("marker", ""))
            self._open.append((name, max(start, 0), what))

    def text(self, data: str) -> None:
        self._count(1, len(data))
        if self._capture is not None:
            if not self._capture.skipping:
                self._capture.parts.append(data)
            return
        if self._apparatus > 0 or self._verse_id is None:
            return
        words = _SPACE.sub(" ", self._without_signs(data))
        if words.startswith(" "):
            self._space = bool(self._text)
            words = words[1:]
        if not words:
            return
        if self._soft_edge and words[0] in _CLOSING:
            # "five coins<note/> ?": the space belonged to what stood between.
            self._space = False
        if self._text and (self._space or self._note_joined(words[0]) or self._added_joined(words)):
            self._text += " "
        self._space = self._after_note = False
        self._added_edge = self._soft_edge = False
        if words.endswith(" "):
            self._space = True
            words = words[:-1]
        self._text += words

    def _without_signs(self, data: str) -> str:
        """Text without what is markup in disguise: USFM that a converter left, the pilcrow of a paragraph."""
        if "\\" in data:
            data = _USFM_RESIDUE.sub("", data)
        if "¶" in data:
            self._add_break(BreakKind.PARAGRAPH)
            data = data.replace("¶", " ")
        return data

    def _note_joined(self, following: str) -> bool:
        """True where only a note stood between two words, or a word and its neighbour's opening mark."""
        return (
            self._after_note
            and (following.isalnum() or following in _OPENING)
            and self._text[-1] not in _OPENING + _AFTER_NOTE_NO_SPACE
        )

    def _added_joined(self, following: str) -> bool:
        """True where a translator's added words touch a neighbour whose space the converter lost.

        Spanish pronouns are written onto their verb, which then bears an accent (`oyéndo` + `lo`).
        """
        if not (self._added_edge and following[0].isalnum() and self._text[-1].isalnum()):
            return False
        enclitic = following in _ENCLITICS and self._open and self._open[-1][2] is SpanKind.ADDED
        return not (enclitic and _ACCENTED_VERB.search(self._text))

    def _annotate(self, start: int, what: tuple[str, ...] | SpanKind | None) -> None:
        end = len(self._text)
        while start < end and self._text[start] == " ":
            start += 1
        if start >= end:
            return
        if isinstance(what, SpanKind):
            self._spans.append(Span(start, end, what))
        elif what:
            self._words.append(Word(start, end, what))

    def _start_block(self, name: str, attributes: Mapping[str, str]) -> None:
        self._space = bool(self._text)
        if "eID" in attributes:
            return
        kind = attributes.get("type", "")
        if name == "l":
            self._add_break(BreakKind.SELAH if kind == "selah" else BreakKind.LINE, _level(attributes))
        elif name == "lg":
            self._add_break(BreakKind.STANZA)
        elif name == "p" or kind in ("x-p", "paragraph"):
            self._add_break(BreakKind.PARAGRAPH)

    def _add_break(self, kind: BreakKind, level: int = 0) -> None:
        if self._verse_id is None:
            self._pending_breaks.append(Break(0, kind, level))
            return
        at = len(self._text) + (1 if self._text else 0)
        self._space = bool(self._text)
        self._breaks.append(Break(at, kind, level))

    def _start_in_capture(self, name: str, attributes: Mapping[str, str]) -> None:
        capture = self._capture
        assert capture is not None  # noqa: S101 - the caller checked
        if name == capture.element:
            capture.depth += 1
        if name == "reference" and attributes.get("type") == "annotateRef":
            capture.skipping += 1
        elif name in _BLOCKS:
            capture.parts.append(" ")

    def _end_in_capture(self, name: str) -> None:
        capture = self._capture
        assert capture is not None  # noqa: S101 - the caller checked
        if name == "reference" and capture.skipping:
            capture.skipping -= 1
        elif name == capture.element:
            capture.depth -= 1
            if capture.depth == 0:
                self._close_capture()

    def _close_capture(self) -> None:
        capture = self._capture
        assert capture is not None  # noqa: S101 - the caller checked
        self._capture = None
        text = capture.text()
        if not text or self._apparatus > 0:
            return
        if capture.element == "note":
            if self._verse_id is not None:
                kind = "cross-reference" if capture.kind == "crossReference" else "foot"
                self._notes.append(Note(min(capture.at, len(self._text)), kind, text))
                self._after_note = not self._space
                self._soft_edge = True
            return
        kind = HeadingKind.SPEAKER if capture.element == "speaker" else _HEADINGS.get(capture.kind, HeadingKind.SECTION)
        if self._verse_id is None:
            self._pending_headings.append(Heading(kind, text))
        else:
            self._headings.append(Heading(kind, text, len(self._text) + 1 if self._text else 0))
        self._space = bool(self._text)


def _level(attributes: Mapping[str, str]) -> int:
    return whole_number(attributes.get("level", "1"), most=9) or 1


def _merge_spans(spans: list[Span]) -> Iterator[Span]:
    """Spans in order; those of one kind that touch, or are parted by a space only, become one."""
    held: dict[SpanKind, Span] = {}
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        before = held.get(span.kind)
        if before and span.start <= before.end + 1:
            held[span.kind] = Span(before.start, max(before.end, span.end), span.kind)
        else:
            if before:
                yield before
            held[span.kind] = span
    yield from held.values()
