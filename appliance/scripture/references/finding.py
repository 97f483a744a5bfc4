"""Finds references and their positions in running text: OCR pages, transcripts, notes, typed text."""

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
# The longest word for a range, such as "to", with the spaces around it. A longer gap between two books is not a range.
_MAX_RANGE_WORD_CHARACTERS = 40
# Words that stand before book names. No book name begins with one of these words.
_PREPOSITIONS = frozenset({"to", "of", "from", "by"})
_TEENS = range(11, 14)


class FoundReference(msgspec.Struct, frozen=True):
    """A reference and its position. It was found at `text[start:end]`."""

    reference: Reference
    start: int
    end: int


class _Opening(msgspec.Struct, frozen=True):
    """The beginning of a reference: a book, and the chapter if the chapter is written before the book."""

    named: NamedBook
    start: int
    chapter: int | None = None


def find_references(text: str, languages: tuple[Language, ...] = LANGUAGES) -> list[FoundReference]:
    """Return all references in the order of the text. References to verses that do not exist are left out.

    If a name means different books in several languages, the first language takes precedence. A book name without a chapter
    is a reference only if it is the whole text.
    """
    references: list[FoundReference] = []
    for passage in TextReader(text, languages).passages():
        try:
            reference = resolve(passage, strict=False)
        except PassageNotFound:
            continue
        references.append(FoundReference(reference, passage.start, passage.end))
    return references


class TextReader:
    """Reads one text from book to book. `text` is the normalised text.

    After `passages()`, `backwards` says whether a range ended before it began.
    """

    def __init__(self, text: str, languages: tuple[Language, ...] = LANGUAGES) -> None:
        self._original_text, self.text = text, normalise(text)
        self._books = BookFinder(languages)
        self.backwards = False

    def passages(self) -> list[Passage]:
        """Return all text that has the form of a reference, including references to verses that do not exist."""
        passages: list[Passage] = []
        at = 0
        while match := _START.search(self.text, at):
            opening = self._opening_at(match.start()) if match[0] not in _PREPOSITIONS else None
            if opening is None:
                at = self._end_of_word(match)
                continue
            previous = passages[-1] if passages else None
            closes = previous is not None and previous.last is None and self._is_range(previous.end, opening.start)
            new_passages, at = self._read(opening, closes=closes)
            if (
                previous
                and closes
                and new_passages
                and (end := new_passages[0].last or new_passages[0].first).ends >= previous.first.begins
            ):
                passages[-1:] = [
                    Passage(previous.first, end, previous.start, new_passages[0].end),
                    *new_passages[1:],
                ]
            else:
                self.backwards = self.backwards or (closes and bool(new_passages))
                passages += new_passages
        return passages or self._whole_text()

    def _read(self, opening: _Opening, *, closes: bool) -> tuple[list[Passage], int]:
        """Return the passages after a book, and the position where they end."""
        book, end = opening.named.last, opening.named.end
        reader = PassageReader(self.text, book, self._names_book, closing=closes)
        reading = reader.read(end, opening.start, opening.chapter)
        if reading.passages:
            # Words such as "is" or "job" name a book only if a chapter and a verse follow, or if the text has no other words.
            chapter_only = reading.passages[0].first.verse is None
            if opening.named.common and chapter_only and not self._is_whole_text(opening.start, reading.end):
                return [], end
            self.backwards = self.backwards or reading.backwards
            return reading.passages, max(reading.end, end)
        if opening.named.book != book or closes:
            return [_whole_books(opening.named.book if not closes else book, book, opening.start, end)], end
        return [], end

    def _opening_at(self, at: int) -> _Opening | None:
        """Return the book that is named at a position, or None."""
        if (psalm := _ORDINAL_PSALM.match(self.text, at)) and _is_ordinal(int(psalm["number"]), psalm["ending"]):
            named = self._books.match(self.text, self._original_text, psalm.end())
            return named and _Opening(named, at, int(psalm["number"]))
        if chapter := _CHAPTER_OF.match(self.text, at):
            named = self._books.match(self.text, self._original_text, chapter.end())
            if named:
                return _Opening(named, at, int(chapter["after"] or chapter["before"]))
        named = self._books.match(self.text, self._original_text, at)
        return named and _Opening(named, at)

    def _names_book(self, at: int) -> bool:
        """Return True if a number belongs to the name of the next book, such as the 2 in `Matthew 1, 2 John 3`."""
        opening = self._opening_at(at)
        return opening is not None and (
            opening.chapter is not None or NUMBER_FOLLOWS.match(self.text, opening.named.end) is not None
        )

    def _end_of_word(self, match: re.Match[str]) -> int:
        """Return the end of a word or a number. Letters directly after a number are not a name, so they are skipped."""
        attached = _WORD.match(self.text, match.end()) if match[0][0].isdigit() else None
        return attached.end() if attached else match.end()

    def _is_range(self, start: int, end: int) -> bool:
        return end - start <= _MAX_RANGE_WORD_CHARACTERS and _RANGE.fullmatch(self.text, start, end) is not None

    def _is_whole_text(self, start: int, end: int) -> bool:
        return not _START.search(self.text, 0, start) and not _START.search(self.text, end)

    def _whole_text(self) -> list[Passage]:
        """Return a book or a range of books, if it is the whole text."""
        first = _START.search(self.text)
        opening = self._opening_at(first.start()) if first else None
        if opening is None:
            return []
        last = opening.named
        range_ = _RANGE.match(self.text, last.end)
        if range_ and (other := self._books.match(self.text, self._original_text, range_.end())):
            last = other
        if _START.search(self.text, last.end) or last.last.number < opening.named.book.number:
            return []
        return [_whole_books(opening.named.book, last.last, opening.start, last.end)]


def _whole_books(first: Book, last: Book, start: int, end: int) -> Passage:
    return Passage(Point(first, 1, None), Point(last, max(chapters_of(last)), None), start, end)


def _is_ordinal(number: int, ending: str) -> bool:
    """Return True for `1st`, `22nd` and `113th`, and False for `113rd`."""
    if number % 100 in _TEENS:
        return ending == "th"
    return ending == {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
