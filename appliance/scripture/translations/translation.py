"""A translation, its chapters, and verses that are shown in several translations."""

import msgspec

from appliance.scripture.canon import Book
from appliance.scripture.library.item import LibraryItem
from appliance.scripture.translations.verse import Verse


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """A library item that is a translation. `source` says where it came from. `verses` is the number of verses with words."""

    id: str
    name: str
    language: str
    versification: str
    licence: str
    attribution: str
    source: str
    digest: str
    verses: int


def as_translation(item: LibraryItem) -> Translation:
    """Convert a library item of the kind translation."""
    return Translation(
        id=item.id,
        name=item.name,
        language=item.language,
        versification=item.versification,
        licence=item.licence,
        attribution=item.attribution,
        source=item.source,
        digest=item.digest,
        verses=item.entries,
    )


class Chapter(msgspec.Struct, frozen=True):
    """One chapter of a translation. `previous` and `next` are (OSIS book, chapter), or None if there is no such chapter."""

    translation: Translation
    book: Book
    chapter: int
    previous: tuple[str, int] | None
    next: tuple[str, int] | None
    verses: tuple[Verse, ...]


class ParallelVerse(msgspec.Struct, frozen=True):
    """One verse in several translations. `verses` has the verse of each translation that contains it, by translation id."""

    verse_id: int
    verses: dict[str, Verse]
