"""Finds book names in text: one or several words, with an ordinal and other words before them."""

import re
import unicodedata
from typing import NamedTuple

from appliance.scripture.canon import BOOK_BY_OSIS, Book
from appliance.scripture.references.book_names import Likeness, book_of
from appliance.scripture.references.book_tables import COMMON_WORDS, FILLERS, FUNCTION_WORDS, PHRASES, Language

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_COMBINING = "\u0300-\u036f"
_GAP = r"[\s.(]+"
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "primer": 1,
    "primero": 1,
    "primera": 1,
    "segundo": 2,
    "segunda": 2,
    "tercer": 3,
    "tercero": 3,
    "tercera": 3,
    "cuarto": 4,
    "cuarta": 4,
}
_ORDINAL_WORD = "(?:" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + ")(?![a-z])"
_ORDINAL = re.compile(
    r"(?:(?P<digit>[1-4])(?:(?<=1)\s?st|(?<=2)\s?nd|(?<=3)\s?rd|(?<=4)\s?th|\.?[ºª°]|\.?[oa](?![a-z]))?"
    # In "I-John", the dash belongs to the number. In "I-III John", it belongs to the range.
    rf"|(?P<word>{_ORDINAL_WORD}))(?:[\s.]+|-(?=[a-z])(?!{_ORDINAL_WORD}))?"
)
_TO_ORDINAL = re.compile(r"(?:-|through|thru|to|hasta|al?)[\s.]*(?=[1-4a-z])")
_FILLER = re.compile(rf"(?:{FILLERS.replace(' ', _GAP)})(?![a-z]){_GAP}")
_LETTERS = re.compile(r"[^\W_]")
_COMBINED = re.compile(f"[{_COMBINING}]")
_WORD = re.compile(rf"[^\W\d_][^\W\d_{_COMBINING}]*(?:[{_COMBINING}]+[^\W\d_]*)*")
_PHRASES = re.compile(
    "|".join(
        f"(?P<p{number}>(?:(?:the|la|el){_GAP})?(?:{phrase.replace(' ', _GAP)})(?![a-z]))"
        for number, (_, phrase) in enumerate(PHRASES)
    )
)
_PSALM_151 = re.compile(r"[\s.,:]*151(?!\d)")
NUMBER_FOLLOWS = re.compile(r"[\s.,:*-]*(?:(?:ch|cap|v)[a-z]*[\s.]*)?\d")
_VERSE_FOLLOWS = re.compile(r"[\s.]*\d{1,3}\s*:\s?\d")
# Words that look like misspelt books, but before a number mean a date, a page or a similar thing.
_NO_BOOKS = frozenset(
    "june july march april page part line item room note step level day date week hour lesson section figure table version".split()
)
# In dates, this abbreviation often means March, so it does not mean Mark.
_MONTHS = frozenset({"mar"})
_MAX_FILLERS = 6
# If a name starts after more characters than this, it is not the first word of the text.
MAX_LEAD_CHARACTERS = 40


class NamedBook(NamedTuple):
    """A book name that ends at `end`. In a range of numbered books (1–3 John), `last` is the last book; else it is `book`.

    If `common` is true, the name is also an ordinary word.
    """

    book: Book
    end: int
    last: Book
    common: bool


def normalise(text: str) -> str:
    """Return a text in lower case, with one kind of dash and space and no diacritics. Every character keeps its position."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # The lower-case form of "İ" has two characters: "i" and a combining dot. Only the first is used.
        lowered = "".join(character.lower()[0] for character in text)
    if not lowered.isascii():
        lowered = "".join(map(_without_diacritics, lowered.translate(_DASHES | _SPACES)))
    return lowered


def _without_diacritics(character: str) -> str:
    if character < "\x80" or character in "ºª°":
        return character
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if len(decomposed) > 1 and unicodedata.combining(decomposed[1]) else character


class BookFinder:
    """Finds the book that is named at a position in a text. Names of the first language take precedence."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        self._languages = languages

    def match(self, text: str, original_text: str, at: int, likeness: Likeness | None = None) -> NamedBook | None:
        """Return the book that is named at a position in a normalised text, or None.

        Without `likeness`, beginnings and misspellings of names count only before a number that could be a chapter.
        """
        leads = at < MAX_LEAD_CHARACTERS and not _LETTERS.search(text, 0, at)
        starts = _name_starts(text, at)
        for start in starts:
            if named := self._phrase(text, start):
                return named
        for start in reversed(starts):
            if named := self._word(text, original_text, start, likeness, leads=leads):
                return named
        return None

    def _phrase(self, text: str, at: int) -> NamedBook | None:
        match = _PHRASES.match(text, at)
        if not match:
            return None
        book = BOOK_BY_OSIS[PHRASES[int(str(match.lastgroup)[1:])][0]]
        return NamedBook(book, match.end(), book, common=False)

    def _word(
        self, text: str, original_text: str, at: int, likeness: Likeness | None, *, leads: bool
    ) -> NamedBook | None:
        ordinal = _ORDINAL.match(text, at)
        if ordinal and not _is_inside(text, at, ordinal.end()):
            first = last = _value(ordinal)
            end = ordinal.end()
            to = _TO_ORDINAL.match(text, end)
            other = _ORDINAL.match(text, to.end()) if to else None
            if other and _value(other) > first:
                last, end = _value(other), other.end()
            for start in reversed(_name_starts(text, end)):
                if named := self._named(text, original_text, start, (first, last), likeness, leads=leads):
                    return named
        return self._named(text, original_text, at, (0, 0), likeness, leads=leads)

    def _named(
        self,
        text: str,
        original_text: str,
        at: int,
        ordinals: tuple[int, int],
        likeness: Likeness | None,
        *,
        leads: bool,
    ) -> NamedBook | None:
        match = _WORD.match(text, at)
        if not match:
            return None
        word, end = _COMBINED.sub("", match[0]), match.end()
        if likeness is None:
            # In the middle of a text, a misspelt name counts only with a capital letter, a chapter and a verse.
            number_follows = NUMBER_FOLLOWS if leads else _VERSE_FOLLOWS
            is_capital = leads or original_text[at].isupper()
            may_be_misspelt = word not in _NO_BOOKS and is_capital and number_follows.match(text, end)
            likeness = Likeness.MISSPELT if may_be_misspelt else Likeness.EXACT
        book, last = (book_of(word, ordinal, self._languages, likeness) for ordinal in ordinals)
        if book is None or last is None:
            return None
        if book.osis == "Ps" and (psalm_151 := _PSALM_151.match(text, end)):
            book = last = BOOK_BY_OSIS["AddPs"]
            end = psalm_151.end()
        # At the beginning of a text, any word can have a capital letter, so capitals say nothing there.
        looks_small = original_text[at].islower() or (leads and word in FUNCTION_WORDS)
        is_word = word in COMMON_WORDS and (looks_small or word in _MONTHS)
        common = ordinals == (0, 0) and is_word
        return NamedBook(book, end, last, common)


def _is_inside(text: str, start: int, end: int) -> bool:
    """Return True for digits that have letters on both sides, as in file names and checksums."""
    return start > 0 and text[start - 1].isalpha() and text[end - 1].isalnum()


def _value(ordinal: re.Match[str]) -> int:
    return int(ordinal["digit"]) if ordinal["digit"] else _ORDINALS[ordinal["word"]]


def _name_starts(text: str, at: int) -> list[int]:
    """Return the positions where a name may start: `at`, and the position after each filler word."""
    starts = [at]
    while len(starts) <= _MAX_FILLERS and (filler := _FILLER.match(text, starts[-1])):
        starts.append(filler.end())
    return starts
