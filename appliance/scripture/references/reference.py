"""A reference: a verse range, its written form, and the errors that a reference can have."""

import functools

import msgspec

from appliance.errors import NotFound, Refused
from appliance.scripture.canon import CHAPTER_FACTOR, Book, VerseRange, split_verse_id
from appliance.scripture.versification import HUB, versification

LAST_VERSE = CHAPTER_FACTOR - 1
# Where the chapters of a book are looked up: in the hub, or in the first of the other versifications that has the book.
_VERSIFICATIONS = (HUB, "KJVA", "LXX", "Vulg", "Synodal", "Orthodox")


class ReferenceNotUnderstood(Refused):
    """The text is not a reference."""


class BookNotFound(NotFound):
    """No book has this name."""


class PassageNotFound(NotFound):
    """The book does not have this chapter or verse."""


class Reference(VerseRange, frozen=True, order=True):
    """A verse range that can be written: with `str()` for people, and with `osis` for programs."""

    def __str__(self) -> str:
        return format_range(self.start, self.end)

    @property
    def osis(self) -> str:
        """The OSIS reference: `John.3.16-John.3.18`, `Ps.23`, `Gen.1-Gen.3`."""
        (book, chapter, verse), (end_book, end_chapter, end_verse) = map(split_verse_id, (self.start, self.end))
        first, last = f"{book.osis}.{chapter}", f"{end_book.osis}.{end_chapter}"
        if not (verse <= 1 and end_verse == LAST_VERSE):
            first, last = f"{first}.{verse}", f"{last}.{end_verse}"
        return first if first == last else f"{first}-{last}"


class VersePlace(msgspec.Struct, frozen=True):
    """A verse: its number, its OSIS id and its reference for people. The base class of structs that describe a verse."""

    verse_id: int
    osis: str
    reference: str


def format_verse(verse_id: int) -> str:
    """Format a verse for people: `John 3:16`."""
    return format_range(verse_id, verse_id)


def format_range(start: int, end: int) -> str:
    """Format a verse range for people: `John 3:16–18`, `Psalm 23`, `1 Corinthians 13:4–14:1`."""
    book, chapter, verse = split_verse_id(start)
    end_book, end_chapter, end_verse = split_verse_id(end)
    name = "Psalm" if book.osis == "Ps" else book.name
    starts_chapter, ends_chapter = verse in (0, 1), end_verse == LAST_VERSE
    whole_chapters = starts_chapter and ends_chapter
    if book != end_book:
        first = f"{name} {chapter}" if whole_chapters else format_range(start, start)
        last = f"{end_book.name} {end_chapter}" if ends_chapter else format_range(end, end)
        return f"{first} – {last}"
    if not whole_chapters:
        last_verse = chapters_of(book).get(end_chapter, LAST_VERSE) if ends_chapter else end_verse
        return f"{name} {_format_numbers(chapter, verse, end_chapter, last_verse)}"
    if len(chapters_of(book)) == 1:
        return name
    return f"{name} {chapter}" if chapter == end_chapter else f"{name} {chapter}–{end_chapter}"


def _format_numbers(chapter: int, verse: int, end_chapter: int, end_verse: int) -> str:
    if (chapter, verse) == (end_chapter, end_verse):
        return f"{chapter}:{verse}" if verse else f"{chapter}, title"
    if chapter == end_chapter:
        return f"{chapter}:{verse}–{end_verse}"
    return f"{chapter}:{verse}–{end_chapter}:{end_verse}"


@functools.cache
def chapters_of(book: Book) -> dict[int, int]:
    """Return the number of verses of each chapter of a book, in the hub or in the first versification that has the book."""
    for name in _VERSIFICATIONS:
        division = versification(name).division(book)
        if division:
            return dict(enumerate(division.verses, start=1))
    return {1: LAST_VERSE}
