"""References as people write them: `John 3:16-18`, `ps 23`, `1 Cor 13:4-14:1`, `John.3.16`."""

import functools
import re

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from appliance.errors import NotFound, Refused
from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, CHAPTER_FACTOR, Book, split_verse_id, verse_id
from appliance.scripture.versification import HUB, versification

MAX_LENGTH = 200
LAST_VERSE = CHAPTER_FACTOR - 1
# A name this far from every book (Damerau-Levenshtein similarity) is no misspelling of one.
NEAREST_CUTOFF = 0.45

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("\u00a0\u2009\u202f", " "))
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "first": "1", "second": "2", "third": "3", "fourth": "4",
          "1st": "1", "2nd": "2", "3rd": "3", "4th": "4"}  # fmt: skip
_PATTERN = re.compile(
    r"""^\s*(?P<book>(?:(?:[1-4]|i{1,3}|iv|first|second|third|fourth|1st|2nd|3rd|4th)[\s.]*)?[^\W\d][^\d:]*?(?:\s*151)?)
        [\s.]*(?P<numbers>\d[\d\s:.,-]*)?\s*$""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"""^(?P<chapter>\d+)(?:\s*[:.]\s*(?P<verse>\d+))?
        (?:\s*-\s*(?:(?P<end_chapter>\d+)\s*[:.]\s*)?(?P<end>\d+))?$""",
    re.VERBOSE,
)


class ReferenceNotUnderstood(Refused):
    """The text is not a reference at all."""


class BookNotFound(NotFound):
    """No book has this name."""


class PassageNotFound(NotFound):
    """The book has no such chapter or verse."""


class Reference(msgspec.Struct, frozen=True):
    """A range of verses, both ends included, as verse_ids. A whole chapter ends at verse 999."""

    start: int
    end: int

    def __str__(self) -> str:
        return format_range(self.start, self.end)

    @property
    def osis(self) -> str:
        """`John.3.16-John.3.18`, `Ps.23`, `Gen.1-Gen.3`."""
        (book, chapter, verse), (end_book, end_chapter, end_verse) = map(split_verse_id, (self.start, self.end))
        first, last = f"{book.osis}.{chapter}", f"{end_book.osis}.{end_chapter}"
        if not (verse <= 1 and end_verse == LAST_VERSE):
            first, last = f"{first}.{verse}", f"{last}.{end_verse}"
        return first if first == last else f"{first}-{last}"


def format_range(start: int, end: int) -> str:
    """`John 3:16–18`, `Psalm 23`, `1 Corinthians 13:4–14:1` for people to read."""
    book, chapter, verse = split_verse_id(start)
    end_book, end_chapter, end_verse = split_verse_id(end)
    name = "Psalm" if book.osis == "Ps" else book.name
    whole_start, whole_end = verse in (0, 1), end_verse == LAST_VERSE
    if book != end_book:
        return f"{format_range(start, start)} – {format_range(end, end)}"
    if whole_start and whole_end and len(_chapters(book)) == 1:
        return name
    if whole_start and whole_end:
        return f"{name} {chapter}" if chapter == end_chapter else f"{name} {chapter}–{end_chapter}"
    if start == end:
        return f"{name} {chapter}:{verse}"
    if chapter == end_chapter:
        return f"{name} {chapter}:{verse}–{end_verse}"
    return f"{name} {chapter}:{verse}–{end_chapter}:{end_verse}"


def parse_reference(text: str) -> Reference:
    """The one range that a text names, within the canon of the hub versification.

    Raises ReferenceNotUnderstood, BookNotFound (with the nearest name) or PassageNotFound.
    """
    if len(text) > MAX_LENGTH:
        raise ReferenceNotUnderstood(
            f"A reference has at most {MAX_LENGTH} characters; this has {len(text)}.",
            remedy="Try John 3:16-18.",
        )
    cleaned = text.translate(_DASHES).strip()
    osis = parse_osis(cleaned)
    if osis:
        return osis
    match = _PATTERN.match(cleaned)
    if not match:
        raise ReferenceNotUnderstood(f"{_shown(text)} is not a reference.", remedy="Try John 3:16-18 or Psalm 23.")
    book = find_book(match["book"])
    if not match["numbers"]:
        return _whole_book(book)
    numbers = _NUMBERS.match(match["numbers"].strip(" .,"))
    if not numbers:
        raise ReferenceNotUnderstood(
            f"The numbers of {_shown(text)} are not a chapter and verses.", remedy=f"Try {book.name} 1:1-3."
        )
    chapter, *rest = numbers.groups()
    verse, end_chapter, end = (int(part) if part else None for part in rest)
    return _resolve(book, int(chapter), verse, end_chapter, end)


def parse_osis(text: str) -> Reference | None:
    """The range of an OSIS reference such as `John.3.16-John.3.18`, or None where it is not one.

    Raises PassageNotFound for a chapter or verse that does not exist.
    """
    start, dash, end = text.partition("-")
    if start.split(".")[0] not in BOOK_BY_OSIS or "." not in start or (dash and end.split(".")[0] not in BOOK_BY_OSIS):
        return None
    first = _osis_range(start)
    last = _osis_range(end) if dash else first
    if first is None or last is None:
        return None
    if last.end < first.start:
        raise ReferenceNotUnderstood(f"{text} ends before it begins.", remedy="Turn its two ends around.")
    return Reference(first.start, last.end)


def _osis_range(text: str) -> Reference | None:
    name, *numbers = text.split(".")
    if not all(number.isascii() and number.isdigit() and len(number) <= 4 for number in numbers) or len(numbers) > 2:
        return None
    if not numbers:
        return _whole_book(BOOK_BY_OSIS[name])
    chapter, verse = int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None
    return _resolve(BOOK_BY_OSIS[name], chapter, verse, None, None)


def _whole_book(book: Book) -> Reference:
    return Reference(verse_id(book, 1, 1), verse_id(book, _chapters(book)[-1][0], LAST_VERSE))


def _resolve(book: Book, chapter: int, verse: int | None, end_chapter: int | None, end: int | None) -> Reference:
    chapters = dict(_chapters(book))
    if len(chapters) == 1 and verse is None and chapter not in chapters | {1: 0}:
        # "Jude 5" is a verse: the book has one chapter.
        verse, chapter = chapter, 1
    elif len(chapters) == 1 and verse is None and end_chapter is None and end is not None:
        verse, chapter = chapter, 1
    last_chapter = end_chapter or (end if verse is None and end else chapter)
    for number in (chapter, last_chapter):
        if number not in chapters:
            raise PassageNotFound(
                f"{book.name} has no chapter {number}.",
                remedy=f"It has {len(chapters)} chapter{'s' if len(chapters) > 1 else ''}.",
            )
    if verse is None and end_chapter is None:
        last_verse = LAST_VERSE
    else:
        last_verse = end if end is not None else (verse if verse is not None else LAST_VERSE)
    for bound, checked in ((verse, chapter), (None if last_verse == LAST_VERSE else last_verse, last_chapter)):
        if bound is not None and not 1 <= bound <= chapters[checked]:
            raise PassageNotFound(
                f"{book.name} {checked} has no verse {bound}.", remedy=f"It has {chapters[checked]} verses."
            )
    start, stop = (
        verse_id(book, chapter, verse if verse is not None else 1),
        verse_id(book, last_chapter, last_verse),
    )
    if stop < start:
        raise ReferenceNotUnderstood(
            f"{format_range(start, start)} to {format_range(stop, stop)} ends before it begins.",
            remedy="Turn its two ends around.",
        )
    return Reference(start, stop)


@functools.cache
def _chapters(book: Book) -> tuple[tuple[int, int], ...]:
    """(chapter, verses) of a book in the hub, or in the first versification that has it."""
    for name in (HUB, "KJVA", "LXX", "Vulg", "Synodal", "Orthodox"):
        division = versification(name).division(book)
        if division:
            return tuple(enumerate(division.verses, start=1))
    return ((1, LAST_VERSE),)


def _key(name: str) -> str:
    """A book's name reduced to what people agree upon: lower case, no spaces or stops, ordinals as digits."""
    words = name.casefold().replace(".", " ").split()
    if words and words[0] in _ROMAN:
        words[0] = _ROMAN[words[0]]
    return "".join(words)


@functools.cache
def _names() -> dict[str, Book]:
    names: dict[str, Book] = {}
    for book in BOOKS:
        for name in (book.osis, book.name, *book.abbreviations):
            names.setdefault(_key(name), book)
    return names


def find_book(name: str) -> Book:
    """The book of a name, an abbreviation or the unique beginning of one. Raises BookNotFound with the nearest name."""
    key, names = _key(name), _names()
    if key in names:
        return names[key]
    starting = {book.number: book for known, book in names.items() if len(key) >= 2 and known.startswith(key)}
    if len(starting) == 1 or (starting and len(key) >= 3):
        return starting[min(starting)]
    nearest = nearest_book(name)
    raise BookNotFound(
        f"There is no book called {_shown(name)}.",
        remedy=f"Did you mean {nearest.name}?"
        if nearest
        else "Books are named in English or by OSIS ids, such as Genesis or Gen.",
    )


def book_named(name: str) -> Book | None:
    """The book of exactly this name or abbreviation."""
    return _names().get(_key(name)) if len(name) <= MAX_LENGTH else None


def nearest_book(name: str) -> Book | None:
    """The book whose name is most like a misspelt one, or None where nothing is near."""
    whole_names = {_key(book.name): book for book in BOOKS}
    found = process.extractOne(
        _key(name),
        whole_names.keys(),
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=NEAREST_CUTOFF,
    )
    return whole_names[found[0]] if found else None


def _shown(text: str) -> str:
    text = text.strip()
    return f"“{text}”" if len(text) <= 60 else f"“{text[:57]}…”"
