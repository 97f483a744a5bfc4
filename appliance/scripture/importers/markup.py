"""Converts OSIS markup to clean text with stand-off annotations.

The reader receives start, end and text events from fragments or from a whole document. It builds one verse at a time. In
SWORD modules, elements can open in one verse and close in another verse, and end tags can be unmatched. The reader accepts
both. Sources: the OSIS 2.1.1 user manual, and the output of osis2mod.
"""

import re
from collections.abc import Iterator, Mapping

from appliance.infrastructure.numbers import whole_number
from appliance.scripture.importers.apparatus import Apparatus
from appliance.scripture.importers.capture import BLOCKS, USFM_RESIDUE, Capture
from appliance.scripture.importers.running_text import RunningText
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

# Limits between one verse and the next, far above the values of any translation. A cancelled import stops only at a verse,
# so the next verse must not be too far away.
MAX_EVENTS = 200_000
MAX_CHARACTERS = 16 * 2**20
MAX_VERSE_CHARACTERS = 50_000
MAX_OPEN = 200
MAX_STRONGS = 99_999
_STRONGS = re.compile(r"strong:([GH])0*(\d+)")
_SPANS = {"divineName": SpanKind.DIVINE_NAME, "transChange": SpanKind.ADDED, "foreign": SpanKind.FOREIGN}
_HEADINGS = {"psalm": HeadingKind.PSALM, "main": HeadingKind.BOOK}


class VerseReader:
    """Builds verses from markup events.

    Call `begin(verse_id)`, send events, then call `finish()`. Headings before `begin`, such as the title of a chapter, belong
    to the next verse. Other text outside verses is dropped.
    """

    def __init__(self) -> None:
        # The names of the quote elements that earlier verses left open. The name of a milestone includes its id.
        self._jesus_speaks: list[str] = []
        self._through = 0
        self._pending_headings: list[Heading] = []
        self._pending_breaks: list[Break] = []
        self._apparatus = Apparatus()
        self._verse_id: int | None = None
        self._reset()

    def _reset(self) -> None:
        self._events = self._characters = 0
        self._text = RunningText()
        self._chapter_ended = False
        self._words: list[Word] = []
        self._notes: list[Note] = []
        self._spans: list[Span] = []
        self._breaks: list[Break] = []
        self._headings: list[Heading] = []
        self._open: list[tuple[str, int, tuple[str, ...] | SpanKind | None]] = []
        self._capture: Capture | None = None

    def begin(self, verse_id: int, *, through: int = 0) -> None:
        """Start a verse, or several verses that are printed as one verse. Quotations that are still open continue."""
        self._reset()
        self._verse_id = verse_id
        self._through = through if through > verse_id else 0
        self._headings, self._pending_headings = self._pending_headings, []
        self._breaks, self._pending_breaks = self._pending_breaks, []
        self._open = [(name, 0, SpanKind.JESUS) for name in self._jesus_speaks]

    def finish(self) -> Verse:
        """Return the finished verse. Its text is empty if the source has no words for this verse."""
        if self._capture is not None:
            self._close_capture(self._capture)
        length = len(self._text.words)
        self._jesus_speaks = [name for name, _start, annotation in self._open if annotation is SpanKind.JESUS]
        for _name, start, annotation in self._open:
            if isinstance(annotation, SpanKind):
                self._annotate(start, annotation)
        verse = Verse(
            verse_id=self._verse_id or 0,
            text=self._text.words,
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
        """Return the breaks within the verse. A break after the last word belongs to the next verse."""
        inner_breaks = {(break_.at, break_.kind): break_ for break_ in self._breaks if break_.at < length}
        self._pending_breaks += [Break(0, break_.kind, break_.level) for break_ in self._breaks if break_.at >= length]
        return tuple(inner_breaks.values())

    def _settled_headings(self, length: int) -> tuple[Heading, ...]:
        """Return the headings of the verse.

        A heading after the last word belongs to the next verse, unless the chapter has ended.
        """
        settled: list[Heading] = []
        for heading in self._headings:
            if heading.at < length or length == 0:
                settled.append(heading)
            elif self._chapter_ended:
                settled.append(Heading(HeadingKind.COLOPHON, heading.text, length))
            else:
                self._pending_headings.append(Heading(heading.kind, heading.text))
        return tuple(settled)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count()
        if name == "div" and self._enter_division(attributes):
            return
        if self._capture is not None:
            self._capture.start(name, attributes)
        elif self._apparatus.depth:
            return
        elif name == "w":
            self._open.append(("w", len(self._text.words), _strongs(attributes.get("lemma", ""))))
        elif name in ("note", "title", "speaker"):
            kind = attributes.get("type") or attributes.get("placement") or ""
            self._capture = Capture(element=name, kind=kind, at=len(self._text.words))
        elif name == "q":
            self._start_quote(attributes)
        elif name in _SPANS and (name != "transChange" or attributes.get("type") == "added"):
            self._open.append((name, len(self._text.words), _SPANS[name]))
            self._text.mark_edge(is_added=name == "transChange")
        elif name == "chapter":
            self._chapter_ended = "eID" in attributes
            self._text.separate()
        elif name in BLOCKS or (name == "milestone" and attributes.get("type") == "x-p"):
            self._start_block(name, attributes)

    def end(self, name: str) -> None:
        """Close an element. Do not call this for milestones (`sID`, `eID`)."""
        self._count()
        if self._capture is not None:
            if self._capture.end(name):
                self._close_capture(self._capture)
            return
        if name == "div":
            self._apparatus.leave()
        self._close_last(name)
        if name == "q":
            self._text.mark_quote_end()
        if name in BLOCKS:
            self._text.separate()

    def _count(self, characters: int = 0) -> None:
        """Count an event. Raises SourceUnreadable if there is more markup or text between verses than in any translation."""
        self._events += 1
        self._characters += characters
        if self._events > MAX_EVENTS or self._characters > MAX_CHARACTERS or len(self._open) > MAX_OPEN:
            raise _too_much()

    def _enter_division(self, attributes: Mapping[str, str]) -> bool:
        """Return True if a division is a book, or if it is not scripture."""
        is_book = attributes.get("type") == "book"
        if is_book and "eID" not in attributes:
            self._jesus_speaks = []
        return self._apparatus.enter(attributes) or is_book

    def _close_last(self, name: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            opened, start, annotation = self._open[index]
            if opened == name:
                del self._open[index]
                self._annotate(start, annotation)
                self._text.mark_edge(is_added=annotation is SpanKind.ADDED)
                return

    def _start_quote(self, attributes: Mapping[str, str]) -> None:
        # The quotation mark is added here if it is in the markup instead of the text.
        if attributes.get("marker"):
            self.text(attributes["marker"])
        if "eID" in attributes:
            self._close_last(f"q {attributes['eID']}")
            self._text.mark_quote_end()
        else:
            name = f"q {attributes['sID']}" if "sID" in attributes else "q"
            annotation = SpanKind.JESUS if attributes.get("who") == "Jesus" else None
            start = len(self._text.words) - len(attributes.get("marker", ""))
            self._open.append((name, max(start, 0), annotation))

    def text(self, data: str) -> None:
        self._count(len(data))
        if self._capture is not None:
            self._capture.add(data)
        elif self._apparatus.depth <= 0 and self._verse_id is not None:
            if "\\" in data:
                data = USFM_RESIDUE.sub("", data)
            if "¶" in data:
                # The pilcrow (¶) marks a paragraph. It is not part of the text.
                self._add_break(BreakKind.PARAGRAPH)
                data = data.replace("¶", " ")
            self._text.add(data, is_added=bool(self._open) and self._open[-1][2] is SpanKind.ADDED)
            if len(self._text.words) > MAX_VERSE_CHARACTERS:
                raise _too_much()

    def _annotate(self, start: int, annotation: tuple[str, ...] | SpanKind | None) -> None:
        words = self._text.words
        end = len(words)
        while start < end and words[start] == " ":
            start += 1
        if start >= end:
            return
        if isinstance(annotation, SpanKind):
            self._spans.append(Span(start, end, annotation))
        elif annotation:
            self._words.append(Word(start, end, annotation))

    def _start_block(self, name: str, attributes: Mapping[str, str]) -> None:
        self._text.separate()
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
        at = self._text.next_at
        self._text.separate()
        self._breaks.append(Break(at, kind, level))

    def _close_capture(self, capture: Capture) -> None:
        self._capture = None
        text = capture.text
        if not text or self._apparatus.depth > 0:
            return
        if capture.element == "note":
            if self._verse_id is not None:
                kind = "cross-reference" if capture.kind == "crossReference" else "foot"
                self._notes.append(Note(min(capture.at, len(self._text.words)), kind, text))
                self._text.mark_note()
            return
        kind = HeadingKind.SPEAKER if capture.element == "speaker" else _HEADINGS.get(capture.kind, HeadingKind.SECTION)
        if self._verse_id is None:
            self._pending_headings.append(Heading(kind, text))
        else:
            self._headings.append(Heading(kind, text, self._text.next_at))
        self._text.separate()


def _too_much() -> SourceUnreadable:
    return SourceUnreadable(
        "The file has more text or markup between two verses than any Bible has. It may be damaged.",
        remedy="Download it again.",
    )


def _strongs(lemma: str) -> tuple[str, ...]:
    """Return the Strong's numbers of a lemma such as `strong:G3588 strong:G26`, without leading zeros."""
    numbers: list[str] = []
    for letter, digits in _STRONGS.findall(lemma):
        number = whole_number(digits, max_value=MAX_STRONGS)
        if number is not None:
            numbers.append(f"{letter}{number}")
    return tuple(numbers)


def _level(attributes: Mapping[str, str]) -> int:
    return whole_number(attributes.get("level", "1"), max_value=9) or 1


def _merge_spans(spans: list[Span]) -> Iterator[Span]:
    """Yield the spans in order. Spans of the same kind are merged if they touch, or if only a space is between them."""
    last_of_kind: dict[SpanKind, Span] = {}
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        previous = last_of_kind.get(span.kind)
        if previous and span.start <= previous.end + 1:
            last_of_kind[span.kind] = Span(previous.start, max(previous.end, span.end), span.kind)
        else:
            if previous:
                yield previous
            last_of_kind[span.kind] = span
    yield from last_of_kind.values()
