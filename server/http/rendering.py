"""Render verses as HTML: paragraphs, lines of poetry, words with Strong's numbers, footnote marks.

The structure comes from the stand-off markup of a verse. Each piece of text is escaped.
"""

import hashlib
import string
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
from markupsafe import Markup, escape

from appliance.scripture.canon import BOOK_BY_OSIS, Testament, split_verse_id
from appliance.scripture.search.hits import Why
from appliance.scripture.translations.verse import Break, BreakKind, Heading, HeadingKind, Note, SpanKind, Verse
from server import words

STATIC = Path(__file__).parents[1] / "static"
TESTAMENT_NAMES = {
    Testament.OLD: "Old Testament",
    Testament.NEW: "New Testament",
    Testament.DEUTEROCANON: "Deuterocanon",
}
_SPAN_TAGS = {
    SpanKind.JESUS: ("<span class=jesus>", "</span>"),
    SpanKind.DIVINE_NAME: ("<span class=divine>", "</span>"),
    SpanKind.ADDED: ("<i class=added>", "</i>"),
    SpanKind.FOREIGN: ("<i>", "</i>"),
}


class Footnote(msgspec.Struct, frozen=True):
    """A footnote at the end of a chapter: `mark` is its letter, `anchor` its HTML anchor, `place` its chapter:verse."""

    mark: str
    anchor: str
    place: str
    text: str


class RenderedChapter(msgspec.Struct, frozen=True):
    html: Markup
    footnotes: list[Footnote]


class RenderedRow(msgspec.Struct, frozen=True):
    """A verse in several translations, side by side. A cell is empty if the translation lacks the verse."""

    verse: int
    headings: list[str]
    cells: list[Markup]


def footnote_mark(number: int) -> str:
    """The letters for a footnote number; the first number is 0: a … z, aa, ab, …."""
    letters = ""
    number += 1
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(97 + remainder) + letters
    return letters


class _Footnotes:
    def __init__(self, prefix: str = "") -> None:
        self.notes: list[Footnote] = []
        self._prefix = prefix

    def mark(self, verse: Verse, note: Note) -> Markup:
        letter = footnote_mark(len(self.notes))
        _book, chapter, number = verse.place
        self.notes.append(Footnote(letter, self._prefix + letter, f"{chapter}:{number}", note.text))
        return Markup(
            '<sup class=fn id="fr-{0}"><a href="#fn-{0}" aria-label="Footnote {1}" data-note="{2}">{1}</a></sup>'
        ).format(self._prefix + letter, letter, note.text)


def render_chapter(verses: Sequence[Verse]) -> RenderedChapter:
    """Render a chapter in the layout of a printed Bible."""
    layout = _ChapterLayout()
    for verse in verses:
        layout.add_verse(verse)
    return layout.finish()


class _ChapterLayout:
    """Lays out verses in paragraphs and lines. A verse may span several blocks, and a block may contain several verses."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._block: str | None = None
        self._footnotes = _Footnotes()

    def add_verse(self, verse: Verse) -> None:
        blocks = _blocks_by_offset(verse)
        headings = _headings_by_offset(verse)
        for first, last in pairwise(sorted({0, len(verse.text), *blocks, *headings})):
            for heading in headings.get(first, ()):
                self._add_heading(heading)
            self._open_block(blocks.get(first))
            piece = _inline(verse, first, last, self._footnotes)
            if first == 0:
                piece = _verse_number(verse) + piece
            self._out.append(f'<span class=v data-verse="{verse.verse_id}">{piece}</span> ')
        for heading in verse.markup.headings:
            if heading.kind is HeadingKind.COLOPHON:
                self._add_heading(heading)

    def finish(self) -> RenderedChapter:
        self._close_block()
        html = Markup("".join(self._out))  # noqa: S704 - every piece is already escaped
        return RenderedChapter(html, self._footnotes.notes)

    def _add_heading(self, heading: Heading) -> None:
        self._close_block()
        self._out.append(Markup("<h3 class={0}>{1}</h3>").format(heading.kind.value, heading.text))

    def _open_block(self, block: tuple[Break | None, bool] | None) -> None:
        """Open a new block at a break; otherwise continue in the open block."""
        if block is None and self._block is not None:
            return
        begins, stanza = block or (None, False)
        self._close_block()
        if stanza:
            self._out.append("<div class=stanza></div>")
        if begins and begins.kind in (BreakKind.LINE, BreakKind.SELAH):
            level = "selah" if begins.kind is BreakKind.SELAH else f"l{min(max(begins.level, 1), 4)}"
            self._out.append(f'<div class="line {level}">')
            self._block = "div"
        else:
            self._out.append("<p>")
            self._block = "p"

    def _close_block(self) -> None:
        if self._block:
            self._out.append(f"</{self._block}>")
            self._block = None


def _headings_by_offset(verse: Verse) -> dict[int, list[Heading]]:
    """Map offsets to the headings before and within a verse, without the book title, which the page already shows."""
    headings: dict[int, list[Heading]] = {}
    for heading in verse.markup.headings:
        if heading.kind not in (HeadingKind.BOOK, HeadingKind.COLOPHON):
            headings.setdefault(heading.at, []).append(heading)
    return headings


def _verse_number(verse: Verse) -> Markup:
    number = verse.place[2]
    return Markup('<a class=vn id="v{0}" href="#v{0}" data-verse="{1}">{2}</a>').format(
        number, verse.verse_id, verse.label
    )


def _blocks_by_offset(verse: Verse) -> dict[int, tuple[Break | None, bool]]:
    """Map each offset to the block that begins there: (the line or paragraph, whether a stanza begins there)."""
    blocks: dict[int, tuple[Break | None, bool]] = {}
    for verse_break in verse.markup.breaks:
        current, stanza = blocks.get(verse_break.at, (None, False))
        if verse_break.kind is BreakKind.STANZA:
            blocks[verse_break.at] = (current, True)
        elif current is None or current.kind is BreakKind.PARAGRAPH:
            blocks[verse_break.at] = (verse_break, stanza)
    return blocks


def _inline(verse: Verse, first: int, last: int, footnotes: _Footnotes) -> Markup:
    """Render the text from `first` to `last` with words, spans and footnote marks."""
    markup = verse.markup
    edges = {first, last}
    for start, end in (*((w.start, w.end) for w in markup.words), *((s.start, s.end) for s in markup.spans)):
        edges |= {edge for edge in (start, end) if first < edge < last}
    notes = [
        note for note in markup.notes if note.kind == "foot" and _note_is_within(note.at, first, last, len(verse.text))
    ]
    edges |= {note.at for note in notes if first < note.at < last}
    words = {word.start: word for word in markup.words}
    parts: list[str] = []
    points = sorted(edges)
    for start, end in pairwise(points):
        text = str(escape(verse.text[start:end]))
        word = words.get(start)
        if word and word.end <= last:
            text = f'<span class=w data-strongs="{escape(" ".join(word.strongs))}">{text}</span>'
        for span in markup.spans:
            if span.start <= start and end <= span.end:
                before, after = _SPAN_TAGS[span.kind]
                text = before + text + after
        parts.append(text)
        parts += [str(footnotes.mark(verse, note)) for note in notes if note.at == end]
    parts = [str(footnotes.mark(verse, note)) for note in notes if note.at == first and first == 0] + parts
    return Markup("".join(parts))  # noqa: S704 - text, numbers and notes are escaped above


def _note_is_within(at: int, first: int, last: int, length: int) -> bool:
    return first < at <= last or (at == first == 0) or (at >= length == last)


def render_rows(texts: Sequence[Sequence[Verse]]) -> tuple[list[RenderedRow], list[list[Footnote]]]:
    """Align the chapters of several translations verse by verse. Returns the rows, and the footnotes per translation."""
    by_number = [{verse.place[2]: verse for verse in verses} for verses in texts]
    footnotes = [_Footnotes(prefix=str(column + 1)) for column in range(len(texts))]
    rows = [
        RenderedRow(
            number,
            _titles(verses.get(number) for verses in by_number),
            [
                _inline(verses[number], 0, len(verses[number].text), notes) if number in verses else Markup("")
                for verses, notes in zip(by_number, footnotes, strict=True)
            ],
        )
        for number in sorted(set().union(*by_number))
    ]
    return rows, [notes.notes for notes in footnotes]


def _titles(verses: Iterable[Verse | None]) -> list[str]:
    """The headings of a verse, one per translation; an empty list if no translation has a heading."""
    titles = [
        " ".join(heading.text for headings in _headings_by_offset(verse).values() for heading in headings)
        if verse
        else ""
        for verse in verses
    ]
    return titles if any(titles) else []


def highlight(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Put `<mark>` around each given range of a text."""

    def pieces() -> Iterator[str]:
        at = 0
        for start, end in spans:
            yield str(escape(text[at:start]))
            yield f"<mark>{escape(text[start:end])}</mark>"
            at = end
        yield str(escape(text[at:]))

    return Markup("".join(pieces()))  # noqa: S704 - escaped above


def why_found(why: Why) -> list[str]:
    """The reasons why a verse was found, in words for readers, the strongest reason first."""
    if why.reference:
        return ["the verse in your search"]
    reasons = ["your words in the same order"] if why.in_order else []
    if why.voted_topic:
        reasons.append(f"readers found it helpful for “{why.voted_topic}”")
    if why.topics:
        reasons.append(f"topic {', '.join(string.capwords(topic) for topic in why.topics)}")
    if why.keyword_rank and not why.in_order:
        reasons.append("words")
    if why.semantic_rank:
        reasons.append("meaning")
    if why.linked and len(reasons) < 2:
        reasons.append("linked from the top results")
    return reasons or ["often chosen for similar searches"]


def read_address(translation: str, start: int, other: str = "") -> str:
    """The URL of the reading page at a verse_id. For the first verse of a chapter, the URL has no fragment."""
    book, chapter, verse = split_verse_id(start)
    suffix = f"?with={other}" if other else ""
    return f"/read/{translation}/{book.osis}/{chapter}{suffix}" + (f"#v{verse}" if verse > 1 else "")


@cache
def asset(name: str) -> str:
    """The URL of a static file. The URL changes when the content of the file changes."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


TEMPLATE_GLOBALS = {
    "ago": words.ago,
    "browser_of": words.browser_of,
    "day": words.day,
    "moment": words.moment,
    "asset": asset,
    "highlight": highlight,
    "read_address": read_address,
    "why_found": why_found,
    "capwords": string.capwords,
    "book_name": lambda osis: BOOK_BY_OSIS[osis].name,
}
