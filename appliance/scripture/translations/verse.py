"""A verse of a translation and its annotations.

Annotations are stand-off: they refer to `Verse.text` by character offsets. The text itself stays clean for search, embedding
and quotation.
"""

from enum import StrEnum

import msgspec

from appliance.scripture.canon import Book, osis_of, split_verse_id


class SpanKind(StrEnum):
    JESUS = "jesus"
    DIVINE_NAME = "divine-name"
    ADDED = "added"
    FOREIGN = "foreign"


class BreakKind(StrEnum):
    PARAGRAPH = "paragraph"
    LINE = "line"
    STANZA = "stanza"
    SELAH = "selah"


class HeadingKind(StrEnum):
    BOOK = "book"
    PSALM = "psalm"
    SECTION = "section"
    SPEAKER = "speaker"
    COLOPHON = "colophon"


class Word(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of the text, with the Strong's numbers of the words that it translates (`G3439`). It is stored as an array."""

    start: int
    end: int
    strongs: tuple[str, ...]


class Note(msgspec.Struct, frozen=True):
    """A footnote (`foot`) or a list of related verses (`cross-reference`) at an offset."""

    at: int
    kind: str
    text: str


class Span(msgspec.Struct, frozen=True):
    start: int
    end: int
    kind: SpanKind


class Break(msgspec.Struct, frozen=True):
    """The start of a paragraph, a stanza or a line of poetry. `level` is the indentation of the line."""

    at: int
    kind: BreakKind
    level: int = 0


class Heading(msgspec.Struct, frozen=True):
    """A title at an offset of the text. Offset 0 is before the verse; the length of the text is after the verse."""

    kind: HeadingKind
    text: str
    at: int = 0


class Markup(msgspec.Struct, frozen=True):
    """All annotations of one verse."""

    words: tuple[Word, ...] = ()
    notes: tuple[Note, ...] = ()
    spans: tuple[Span, ...] = ()
    breaks: tuple[Break, ...] = ()
    headings: tuple[Heading, ...] = ()


class Verse(msgspec.Struct, frozen=True):
    """A verse of a translation. Its number is that of the translation's versification.

    If the translation prints several verses as one, `through` is the verse_id of the last verse; otherwise it is 0.
    """

    verse_id: int
    text: str
    markup: Markup = Markup()
    through: int = 0

    @property
    def osis(self) -> str:
        return osis_of(self.verse_id)

    @property
    def label(self) -> str:
        """The printed number: `16`, or `18–19` for several verses that are printed as one."""
        number = self.place[2]
        return f"{number}–{split_verse_id(self.through)[2]}" if self.through else str(number)

    @property
    def place(self) -> tuple[Book, int, int]:
        return split_verse_id(self.verse_id)
