"""References in running text, with their positions: OCR pages, transcripts, notes, what somebody typed."""

import re

import msgspec

from appliance.scripture.canon import Book
from appliance.scripture.references.book_tables import LANGUAGES, Language
from appliance.scripture.references.names_in_text import NUMBER_FOLLOWS, BookFinder, NamedBook, normalise
from appliance.scripture.references.passages import Passage, PassageReader, Point, resolve
from appliance.scripture.references.reference import PassageNotFound, Reference, chapters_of

_START = re.compile(r"\d+|[^\W\d_]+")
_RANGE = re.compile(r"[\s.]*(?:-+|~|through|thru|to|hasta|al?)[\s.]*")
_WORD = re.compile(r"[^\W\d_]+")
_CHAPTER_OF = re.compile(
    r"(?:(?:chapters?|chapts?|chaps?|chs?|capitulos?|caps?)\.?\s*(?P<after>\d{1,3})"
    r"|(?P<before>\d{1,3})\s?(?:st|nd|rd|th|[ºo])\s+(?:chapter|chap|capitulo)\.?)\s+(?:of|in|de|del)\s+"
)
_ORDINAL_PSALM = re.compile(r"(?P<number>\d{1,3})\s?(?P<ending>st|nd|rd|th)\s+(?=psalm|salmo)")
# With what stands around it; a longer gap is no range.
_LONGEST_RANGE_WORD = 40
# They stand before books, and no book begins with one.
_PREPOSITIONS = frozenset({"to", "of", "from", "by"})
_TEENS = range(11, 14)


class FoundReference(msgspec.Struct, frozen=True):
    """A reference and where it stands: `text[start:end]`."""

    reference: Reference
    start: int
    end: int


class _Begun(msgspec.Struct, frozen=True):
    """A book at a place of the text, perhaps with a chapter that was named before it."""

    named: NamedBook
    start: int
    chapter: int | None = None


def find_references(text: str, languages: tuple[Language, ...] = LANGUAGES) -> list[FoundReference]:
    """Every reference of a text in its order; what does not exist in the canon is left out.

    Where names of several languages mean different books, the first language goes before. A book's name without a
    chapter counts where it is the whole text.
    """
    found: list[FoundReference] = []
    for passage in TextReader(text, languages).passages():
        try:
            reference = resolve(passage, strictly=False)
        except PassageNotFound:
            continue
        found.append(FoundReference(reference, passage.start, passage.end))
    return found


class TextReader:
    """Walks through one text from book to book; `text` is what it reads, normalised.

    `backwards` says afterwards whether a range ended before it began.
    """

    def __init__(self, text: str, languages: tuple[Language, ...] = LANGUAGES) -> None:
        self._written, self.text = text, normalise(text)
        self._books = BookFinder(languages)
        self.backwards = False

    def passages(self) -> list[Passage]:
        """Everything that is written as a reference, whether it exists or not."""
        passages: list[Passage] = []
        at = 0
        while match := _START.search(self.text, at):
            begun = self._begin(match.start()) if match[0] not in _PREPOSITIONS else None
            if begun is None:
                at = self._past(match)
                continue
            before = passages[-1] if passages else None
            closes = before is not None and before.last is None and self._is_range(before.end, begun.start)
            read, at = self._read(begun, closes=closes)
            if before and closes and read and (end := read[0].last or read[0].first).ends >= before.first.begins:
                passages[-1:] = [Passage(before.first, end, before.start, read[0].end), *read[1:]]
            else:
                self.backwards = self.backwards or closes
                passages += read
        return passages or self._whole_text()

    def _read(self, begun: _Begun, *, closes: bool) -> tuple[list[Passage], int]:
        """What is written after a book, and where that ends."""
        book, end = begun.named.last, begun.named.end
        reading = PassageReader(self.text, book, self._names_book, closing=closes).read(end, begun.start, begun.chapter)
        self.backwards = self.backwards or reading.backwards
        if reading.passages:
            # A word such as "is" or "job" is a book only where a chapter and a verse follow, or nothing else is said.
            chapter_only = reading.passages[0].first.verse is None
            if begun.named.common and chapter_only and not self._is_all(begun.start, reading.end):
                return [], end
            return reading.passages, max(reading.end, end)
        if begun.named.book != book or closes:
            return [_whole(begun.named.book if not closes else book, book, begun.start, end)], end
        return [], end

    def _begin(self, at: int) -> _Begun | None:
        """The book that is named from a place on."""
        if (psalm := _ORDINAL_PSALM.match(self.text, at)) and _fits(int(psalm["number"]), psalm["ending"]):
            named = self._books.match(self.text, self._written, psalm.end())
            return named and _Begun(named, at, int(psalm["number"]))
        if chapter := _CHAPTER_OF.match(self.text, at):
            named = self._books.match(self.text, self._written, chapter.end())
            if named:
                return _Begun(named, at, int(chapter["after"] or chapter["before"]))
        named = self._books.match(self.text, self._written, at)
        return named and _Begun(named, at)

    def _names_book(self, at: int) -> bool:
        """True where a number belongs to a book's name, such as in `Matthew 1, 2 John 3`."""
        begun = self._begin(at)
        return begun is not None and (
            begun.chapter is not None or NUMBER_FOLLOWS.match(self.text, begun.named.end) is not None
        )

    def _past(self, match: re.Match[str]) -> int:
        """The end of a word or a number; letters at a number's heels are no name."""
        glued = _WORD.match(self.text, match.end()) if match[0][0].isdigit() else None
        return glued.end() if glued else match.end()

    def _is_range(self, start: int, end: int) -> bool:
        return end - start <= _LONGEST_RANGE_WORD and _RANGE.fullmatch(self.text, start, end) is not None

    def _is_all(self, start: int, end: int) -> bool:
        return not _START.search(self.text, 0, start) and not _START.search(self.text, end)

    def _whole_text(self) -> list[Passage]:
        """A book, or a range of books, where nothing else is said."""
        first = _START.search(self.text)
        begun = self._begin(first.start()) if first else None
        if begun is None:
            return []
        last = begun.named
        range_ = _RANGE.match(self.text, last.end)
        if range_ and (other := self._books.match(self.text, self._written, range_.end())):
            last = other
        if _START.search(self.text, last.end) or last.last.number < begun.named.book.number:
            return []
        return [_whole(begun.named.book, last.last, begun.start, last.end)]


def _whole(first: Book, last: Book, start: int, end: int) -> Passage:
    return Passage(Point(first, 1, None), Point(last, max(chapters_of(last)), None), start, end)


def _fits(number: int, ending: str) -> bool:
    """True for `1st`, `22nd`, `113th`, and not for `113rd`."""
    if number % 100 in _TEENS:
        return ending == "th"
    return ending == {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
