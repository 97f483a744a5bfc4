"""Books in text: names of one word or several, with an ordinal and what else people write before them."""

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
_ORDINAL = re.compile(
    r"(?:(?P<digit>[1-4])(?:(?<=1)\s?st|(?<=2)\s?nd|(?<=3)\s?rd|(?<=4)\s?th|\.?[ºª°]|\.?[oa](?![a-z]))?|(?P<word>"
    + "|".join(sorted(_ORDINALS, key=len, reverse=True))
    + r")(?![a-z]))(?:[\s.]+|-(?=[a-z]))?"
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
# What looks like a misspelt book before a number, and is a date or a place on paper.
_NO_BOOKS = frozenset(
    "june july march april page part line item room note step level day date week hour lesson section figure table version".split()
)
# March, which dates are full of.
_MONTHS = frozenset({"mar"})
_MAX_FILLERS = 6
# So far from its beginning, no name leads a text.
LONGEST_LEAD = 40


class NamedBook(NamedTuple):
    """A name that ends at `end`. `last` is another book where a family is named from one to another (1–3 John).

    `common` names are words of the language too.
    """

    book: Book
    end: int
    last: Book
    common: bool


def normalise(text: str) -> str:
    """Lower case, one kind of dash and space, no diacritics; every character stays at its place."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
    if not lowered.isascii():
        lowered = "".join(map(_bare, lowered.translate(_DASHES | _SPACES)))
    return lowered


def _bare(character: str) -> str:
    if character < "\x80" or character in "ºª°":
        return character
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if len(decomposed) > 1 and unicodedata.combining(decomposed[1]) else character


class BookFinder:
    """Finds the book that is named at a place of a text; the names of the first language go before."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        self._languages = languages

    def match(self, text: str, written: str, at: int, likeness: Likeness | None = None) -> NamedBook | None:
        """The book named from a place of a normalised text on; `written` is the text as it was.

        Where no likeness is asked for, beginnings and misspellings count before a number that could be a chapter.
        """
        leads = at < LONGEST_LEAD and not _LETTERS.search(text, 0, at)
        starts = _past_fillers(text, at)
        for start in starts:
            if found := self._phrase(text, start):
                return found
        for start in reversed(starts):
            if found := self._word(text, written, start, likeness, leads=leads):
                return found
        return None

    def _phrase(self, text: str, at: int) -> NamedBook | None:
        match = _PHRASES.match(text, at)
        if not match:
            return None
        book = BOOK_BY_OSIS[PHRASES[int(str(match.lastgroup)[1:])][0]]
        return NamedBook(book, match.end(), book, common=False)

    def _word(self, text: str, written: str, at: int, likeness: Likeness | None, *, leads: bool) -> NamedBook | None:
        ordinal = _ORDINAL.match(text, at)
        if ordinal and not _is_inside(text, at, ordinal.end()):
            first = last = _value(ordinal)
            end = ordinal.end()
            to = _TO_ORDINAL.match(text, end)
            other = _ORDINAL.match(text, to.end()) if to else None
            if other:
                last, end = _value(other), other.end()
            for start in reversed(_past_fillers(text, end)):
                if found := self._named(text, written, start, (first, last), likeness, leads=leads):
                    return found
        return self._named(text, written, at, (0, 0), likeness, leads=leads)

    def _named(
        self, text: str, written: str, at: int, ordinals: tuple[int, int], likeness: Likeness | None, *, leads: bool
    ) -> NamedBook | None:
        match = _WORD.match(text, at)
        if not match:
            return None
        word, end = _COMBINED.sub("", match[0]), match.end()
        if likeness is None:
            # In the middle of a text more is asked for: a capital letter, a chapter and a verse.
            follows = NUMBER_FOLLOWS if leads else _VERSE_FOLLOWS
            loosely = word not in _NO_BOOKS and (leads or written[at].isupper()) and follows.match(text, end)
            likeness = Likeness.MISSPELT if loosely else Likeness.EXACT
        book, other = (book_of(word, ordinal, self._languages, likeness) for ordinal in ordinals)
        if book is None or other is None:
            return None
        if book.osis == "Ps" and (psalm_151 := _PSALM_151.match(text, end)):
            book = other = BOOK_BY_OSIS["AddPs"]
            end = psalm_151.end()
        # Where a text begins, a capital says nothing.
        small = written[at].islower() or (leads and word in FUNCTION_WORDS)
        is_word = word in COMMON_WORDS and (small or word in _MONTHS)
        common = ordinals == (0, 0) and is_word
        return NamedBook(book, end, other, common)


def _is_inside(text: str, start: int, end: int) -> bool:
    """True for digits with letters at both sides, as in names of files and sums of programs."""
    return start > 0 and text[start - 1].isalpha() and text[end - 1].isalnum()


def _value(ordinal: re.Match[str]) -> int:
    return int(ordinal["digit"]) if ordinal["digit"] else _ORDINALS[ordinal["word"]]


def _past_fillers(text: str, at: int) -> list[int]:
    """The places where a name may begin: here, and after each word that says nothing."""
    places = [at]
    while len(places) <= _MAX_FILLERS and (filler := _FILLER.match(text, places[-1])):
        places.append(filler.end())
    return places
