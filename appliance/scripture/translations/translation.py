"""A translation as readers get it, and its chapters."""

import msgspec

from appliance.scripture.canon import Book
from appliance.scripture.translations.verse import Verse


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """A text in the library. `source` says where it came from; `verses` counts those with words."""

    id: str
    name: str
    language: str
    versification: str
    licence: str
    attribution: str
    source: str
    digest: str
    verses: int


class Chapter(msgspec.Struct, frozen=True):
    """One chapter of one text, with its neighbours as (OSIS book, chapter) or None at the ends."""

    translation: Translation
    book: Book
    chapter: int
    previous: tuple[str, int] | None
    next: tuple[str, int] | None
    verses: tuple[Verse, ...]


class ParallelVerse(msgspec.Struct, frozen=True):
    """One place in several texts: each that has the verse, by translation id."""

    verse_id: int
    verses: dict[str, Verse]
