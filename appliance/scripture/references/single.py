"""Parses one reference or one book name. If the text is neither, the error has a message for people."""

import re

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, Book
from appliance.scripture.references.book_names import Likeness
from appliance.scripture.references.book_tables import LANGUAGES
from appliance.scripture.references.finding import TextReader
from appliance.scripture.references.names_in_text import BookFinder, normalise
from appliance.scripture.references.passages import Passage, Point, resolve
from appliance.scripture.references.reference import LAST_VERSE, BookNotFound, Reference, ReferenceNotUnderstood

MAX_LENGTH = 200
# The lowest similarity (Damerau-Levenshtein) at which a book is suggested for a misspelt name.
NEAREST_CUTOFF = 0.45
_FINDER = BookFinder(LANGUAGES)
_NAME = re.compile(r"\s*(?P<name>(?:[1-4][\s.]*)?[^\W\d_][^\d:]*?)[\s.,]*(?:\d[\d\s:.,–-]*)?$")
# In a search bar, "john 3 16" means a verse.
_SPACED = re.compile(r"^(\s*(?:[1-4]\s*)?[^\W\d_][^\d]*?)\s+(\d{1,3})\s+(\d{1,3})(?!\d)")
_LETTERS_OR_DIGITS = re.compile(r"[^\W_]")


def parse_reference(text: str) -> Reference:
    """Return the reference that the whole text is, in the hub versification.

    Raises ReferenceNotUnderstood, BookNotFound (with the most similar name) or PassageNotFound.
    """
    if len(text) > MAX_LENGTH:
        raise ReferenceNotUnderstood(
            f"The reference has {len(text)} characters. At most {MAX_LENGTH} are allowed.", remedy="Try John 3:16-18."
        )
    osis = parse_osis(text.strip())
    if osis:
        return osis
    reader = TextReader(_SPACED.sub(r"\1 \2:\3", text))
    passages = reader.passages()
    if not passages:
        raise _no_passage(text)
    if len(passages) > 1 or reader.backwards:
        raise _not_one(text, passages, backwards=reader.backwards)
    (passage,) = passages
    if _LETTERS_OR_DIGITS.search(reader.text, 0, passage.start) or _LETTERS_OR_DIGITS.search(reader.text, passage.end):
        raise ReferenceNotUnderstood(
            f"{_quoted(text)} contains more than a reference.", remedy="Try John 3:16-18 or Psalm 23."
        )
    return resolve(passage, strict=True)


def _no_passage(text: str) -> ReferenceNotUnderstood | BookNotFound:
    match = _NAME.match(text)
    if not match:
        return ReferenceNotUnderstood(f"{_quoted(text)} is not a reference.", remedy="Try John 3:16-18 or Psalm 23.")
    try:
        book = find_book(match["name"])
    except BookNotFound as error:
        return error
    return ReferenceNotUnderstood(
        f"The numbers in {_quoted(text)} are not a chapter and verses.", remedy=f"Try {book.name} 1:1-3."
    )


def _not_one(text: str, passages: list[Passage], *, backwards: bool) -> ReferenceNotUnderstood:
    if backwards:
        first, last = (resolve(passage, strict=True) for passage in passages[-2:])
        return ReferenceNotUnderstood(
            f"{first} to {last} ends before it begins.", remedy="Write the earlier verse first."
        )
    return ReferenceNotUnderstood(
        f"{_quoted(text)} contains {len(passages)} passages. Only one passage is allowed.",
        remedy="Enter one passage at a time.",
    )


def parse_osis(text: str) -> Reference | None:
    """Parse an OSIS reference such as `John.3.16-John.3.18`. Return None if the text is not OSIS.

    Raises PassageNotFound if the chapter or verse does not exist, and ReferenceNotUnderstood if the range ends before it
    begins.
    """
    start, dash, end = text.partition("-")
    first = _osis_passage(start)
    last = _osis_passage(end, ends_range=True) if dash else first
    if first is None or last is None:
        return None
    first_reference, last_reference = (resolve(passage, strict=True) for passage in (first, last))
    if last_reference.end < first_reference.start:
        raise ReferenceNotUnderstood(f"{text} ends before it begins.", remedy="Write the earlier verse first.")
    return Reference(first_reference.start, last_reference.end)


def _osis_passage(text: str, *, ends_range: bool = False) -> Passage | None:
    """Return a point such as `John.3.16` or `John.3`. At the end of a range, verse 999 means the chapter's last verse."""
    name, *numbers = text.split(".")
    book = BOOK_BY_OSIS.get(name)
    if book is None or not 1 <= len(numbers) <= 2:
        return None
    if not all(number.isascii() and number.isdigit() and len(number) <= 4 for number in numbers):
        return None
    chapter, verse = int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None
    if ends_range and verse == LAST_VERSE:
        verse = None
    return Passage(Point(book, chapter, verse), None, 0, len(text))


def find_book(name: str) -> Book:
    """Return the book that this text means: its name, an abbreviation, or a unique beginning of its name.

    Raises BookNotFound with the most similar name.
    """
    book = _named(name, Likeness.SHORTENED)
    if book:
        return book
    nearest = nearest_book(name)
    raise BookNotFound(
        f"No book is called {_quoted(name)}.",
        remedy=f"Did you mean {nearest.name}?"
        if nearest
        else "Use an English or Spanish book name or an OSIS id, such as Genesis or Gen.",
    )


def book_named(name: str) -> Book | None:
    """Return the book with exactly this name or abbreviation, or None."""
    return _named(name, Likeness.EXACT)


def nearest_book(name: str) -> Book | None:
    """Return the book whose English name is most similar to a misspelt name, or None if no name is similar."""
    key = normalise(name[:MAX_LENGTH]).replace(" ", "").replace(".", "")
    whole_names = {book.name.lower().replace(" ", ""): book for book in BOOKS}
    nearest = process.extractOne(
        key, whole_names.keys(), scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=NEAREST_CUTOFF
    )
    return whole_names[nearest[0]] if nearest else None


def _named(name: str, likeness: Likeness) -> Book | None:
    name = name.strip(" .)")
    if not name or len(name) > MAX_LENGTH:
        return None
    text = normalise(name)
    named = _FINDER.match(text, name, 0, likeness)
    return named.book if named and named.end == len(text) and named.book == named.last else None


def _quoted(text: str) -> str:
    text = text.strip()
    return f"“{text}”" if len(text) <= 60 else f"“{text[:57]}…”"
