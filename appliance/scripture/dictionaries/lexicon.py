"""Dictionary entries by Strong's number."""

import unicodedata

import msgspec


class LexiconEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What lies behind a word: `strongs` is a letter and a number without leading zeros (`G3439`)."""

    strongs: str
    language: str
    lemma: str
    transliteration: str
    pronunciation: str
    definition: str


def fold(word: str) -> str:
    """A word without case, accents, points and breathings."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())
