"""Which book a word means: known names and abbreviations, beginnings, dropped letters, misspellings."""

import functools
import re
from collections.abc import Callable
from enum import IntEnum

from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, Book
from appliance.scripture.references.book_tables import NUMBERED_BOOKS, SINGLE_BOOKS, Language

# Similarity (optimal string alignment over the longer length) from which a word is a misspelling of a name; where not even
# the first letter is right, the second.
MISSPELT, MISSPELT_FROM_THE_START = 0.57, 0.74
LONGEST_WORD = 24
MIN_LETTERS = 3
_REPEATED = re.compile(r"(.)\1+")
_TRIPLED = re.compile(r"(.)\1{2,}")
# Nobody can spell it: what is made of its letters and no other word is the Psalms.
_PSALMS = re.compile(r"[ps][psalm]{2,8}")
_NOT_PSALMS = frozenset(
    "small slam slams spam mass masses pass passa maps lamp lamps pals pal alms sap saps sample".split()
)


class Likeness(IntEnum):
    """How far a word may be from a name."""

    EXACT = 0
    SHORTENED = 1
    MISSPELT = 2


class NameTable:
    """The names of one language: single books under the ordinal 0, numbered ones under theirs."""

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
            # "Corinthians" alone is the first of them.
            self._add(0, BOOK_BY_OSIS[family[0]], names.partition("|")[0])
        # Repeated letters are drawn together on both sides: they are what is misspelt most.
        self._drawn = {
            ordinal: {_draw(name): book for name, book in reversed(full.items())}
            for ordinal, full in self._full.items()
        }

    def _add(self, ordinal: int, book: Book, names: str) -> None:
        full, _, abbreviations = names.partition("|")
        for name in full.split():
            self._full.setdefault(ordinal, {}).setdefault(name, book)
        for name in (*full.split(), *abbreviations.split()):
            self._exact.setdefault((ordinal, name), book)

    def exact(self, word: str, ordinal: int) -> Book | None:
        """The book of exactly this name or abbreviation."""
        return self._exact.get((ordinal, word))

    def shortened(self, word: str, ordinal: int) -> Book | None:
        """The one book whose name begins so, or has these letters in this order."""
        if len(word) < MIN_LETTERS:
            return None
        for drawn in (_TRIPLED.sub(r"\1\1", word), _TRIPLED.sub(r"\1", word)):
            if book := self.exact(drawn, ordinal):
                return book
        full = self._full.get(ordinal, {})
        book = _only(full, word, str.startswith) or _only(full, word, _has_in_order)
        if book is None and len(_draw(word)) > MIN_LETTERS:
            book = _only(self._drawn.get(ordinal, {}), _draw(word), str.startswith)
        return book

    def misspelt(self, word: str, ordinal: int) -> Book | None:
        """The book whose name is most like a word, if it is like it at all."""
        if ordinal == 0 and _PSALMS.fullmatch(word) and word not in _NOT_PSALMS:
            return BOOK_BY_OSIS["Ps"]
        drawn, names = _draw(word), self._drawn.get(ordinal, {})
        if len(drawn) < MIN_LETTERS:
            return None
        near = process.extract(drawn, names.keys(), scorer=OSA.normalized_similarity, score_cutoff=MISSPELT, limit=3)
        for name, similarity, _ in near:
            if name[0] == drawn[0] or similarity >= MISSPELT_FROM_THE_START:
                return names[name]
        return None


@functools.lru_cache(maxsize=20_000)
def book_of(word: str, ordinal: int, languages: tuple[Language, ...], likeness: Likeness) -> Book | None:
    """The book of a word in lower case without diacritics, after an ordinal or with 0; the first language goes before."""
    if len(word) > LONGEST_WORD:
        return None
    tables = [_table(language) for language in languages]
    for way in (NameTable.exact, NameTable.shortened, NameTable.misspelt)[: likeness + 1]:
        for names in tables:
            book = way(names, word, ordinal)
            if book:
                return book
    return None


@functools.cache
def _table(language: Language) -> NameTable:
    return NameTable(language)


def _only(names: dict[str, Book], word: str, fits: Callable[[str, str], bool]) -> Book | None:
    """The one book of which a name fits a word."""
    found = {book.number: book for name, book in names.items() if name[0] == word[0] and fits(name, word)}
    return next(iter(found.values())) if len(found) == 1 else None


def _draw(word: str) -> str:
    return _REPEATED.sub(r"\1", word)


def _has_in_order(name: str, word: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in word)
