"""Lexicon entries by Strong's number."""

import unicodedata

import msgspec


class LexiconEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of a Greek or Hebrew word. `strongs` is a letter and a number without leading zeros, such as `G3439`."""

    strongs: str
    language: str
    lemma: str
    transliteration: str
    pronunciation: str
    definition: str


def fold(word: str) -> str:
    """Remove case, accents, vowel points and breathing marks from a word. In transliterations, `ʼ` and `ʻ` are such marks."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum() and unicodedata.category(letter) != "Lm")
