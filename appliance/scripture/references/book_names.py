"""Finds the book that a word means.

The word can be a name, an abbreviation, the beginning of a name, a name with letters left out, or a misspelt name.
"""

import functools
import re
from collections.abc import Callable
from enum import IntEnum

from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, Book
from appliance.scripture.references.book_tables import NUMBERED_BOOKS, SINGLE_BOOKS, Language

# The lowest similarity of a misspelling to a name. It is the optimal string alignment divided by the longer length. The
# second number is used if the first letters differ too.
MIN_SIMILARITY, MIN_SIMILARITY_OTHER_INITIAL = 0.57, 0.74
MAX_WORD_LETTERS = 24
MIN_LETTERS = 3
_REPEATED = re.compile(r"(.)\1+")
_TRIPLED = re.compile(r"(.)\1{2,}")
# "Psalms" is often misspelt. A word with the letters of "psalms" means the Psalms, unless it is a word on this list.
_PSALMS = re.compile(r"[ps][psalm]{2,8}")
_NOT_PSALMS = frozenset(
    "small slam slams spam mass masses pass passa maps lamp lamps pals pal alms sap saps sample".split()
)


class Likeness(IntEnum):
    """How different a word may be from the name of a book."""

    EXACT = 0
    SHORTENED = 1
    MISSPELT = 2


class NameTable:
    """The book names of one language. The ordinal of a numbered book is its number, the ordinal of other books is 0."""

    def __init__(self, language: Language) -> None:
        self._exact: dict[tuple[int, str], Book] = {}
        self._full: dict[int, dict[str, Book]] = {}
        for osis, names in SINGLE_BOOKS[language].items():
            self._add(0, BOOK_BY_OSIS[osis], names)
        for book in BOOKS:
            name = book.osis.lower().lstrip("1234")
            self._exact.setdefault((int(book.osis[: -len(name)] or 0), name), book)
        for family, names in NUMBERED_BOOKS[language]:
            for number, osis in enumerate(family, start=1):
                self._add(number, BOOK_BY_OSIS[osis], names)
            # "Corinthians" without a number means the first book.
            self._add(0, BOOK_BY_OSIS[family[0]], names.partition("|")[0])
        # Repeated letters are the most frequent misspelling, so both the word and the names are compared without repetitions.
        self._without_repeats = {
            ordinal: {_without_repeats(name): book for name, book in reversed(full.items())}
            for ordinal, full in self._full.items()
        }

    def _add(self, ordinal: int, book: Book, names: str) -> None:
        full, _, abbreviations = names.partition("|")
        for name in full.split():
            self._full.setdefault(ordinal, {}).setdefault(name, book)
        for name in (*full.split(), *abbreviations.split()):
            self._exact.setdefault((ordinal, name), book)

    def exact(self, word: str, ordinal: int) -> Book | None:
        """Return the book with exactly this name or abbreviation."""
        return self._exact.get((ordinal, word))

    def shortened(self, word: str, ordinal: int) -> Book | None:
        """Return the only book whose name begins with a word, or contains the letters of the word in this order."""
        if len(word) < MIN_LETTERS:
            return None
        for without_triples in (_TRIPLED.sub(r"\1\1", word), _TRIPLED.sub(r"\1", word)):
            if book := self.exact(without_triples, ordinal):
                return book
        full = self._full.get(ordinal, {})
        book = _only(full, word, str.startswith) or _only(full, word, _has_in_order)
        if book is None and len(_without_repeats(word)) > MIN_LETTERS:
            book = _only(self._without_repeats.get(ordinal, {}), _without_repeats(word), str.startswith)
        return book

    def misspelt(self, word: str, ordinal: int) -> Book | None:
        """Return the book with the most similar name, or None if no name is similar enough."""
        if word in _NOT_PSALMS:
            return None
        if ordinal == 0 and _PSALMS.fullmatch(word):
            return BOOK_BY_OSIS["Ps"]
        letters, names = _without_repeats(word), self._without_repeats.get(ordinal, {})
        if len(letters) < MIN_LETTERS:
            return None
        candidates = process.extract(
            letters, names.keys(), scorer=OSA.normalized_similarity, score_cutoff=MIN_SIMILARITY, limit=3
        )
        for name, similarity, _ in candidates:
            if name[0] == letters[0] or similarity >= MIN_SIMILARITY_OTHER_INITIAL:
                return names[name]
        return None


@functools.lru_cache(maxsize=20_000)
def book_of(word: str, ordinal: int, languages: tuple[Language, ...], likeness: Likeness) -> Book | None:
    """Return the book that a word names. The word is in lower case without diacritics.

    `ordinal` is the number before the word, or 0. If a word names different books, the first language takes precedence.
    """
    if len(word) > MAX_WORD_LETTERS:
        return None
    tables = [_table(language) for language in languages]
    for lookup in (NameTable.exact, NameTable.shortened, NameTable.misspelt)[: likeness + 1]:
        for table in tables:
            book = lookup(table, word, ordinal)
            if book:
                return book
    return None


@functools.cache
def _table(language: Language) -> NameTable:
    return NameTable(language)


def _only(names: dict[str, Book], word: str, fits: Callable[[str, str], bool]) -> Book | None:
    """Return the only book with a name that fits a word, or None if no book or several books fit."""
    books = {book.number: book for name, book in names.items() if name[0] == word[0] and fits(name, word)}
    return next(iter(books.values())) if len(books) == 1 else None


def _without_repeats(word: str) -> str:
    return _REPEATED.sub(r"\1", word)


def _has_in_order(name: str, word: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in word)
