"""Dictionary entries by Strong's number."""

import msgspec


class LexiconEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What lies behind a word: `strongs` is a letter and a number without leading zeros (`G3439`)."""

    strongs: str
    language: str
    lemma: str
    transliteration: str
    pronunciation: str
    definition: str
