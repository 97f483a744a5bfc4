"""How versifications divide books into chapters and verses. The tables are from the SWORD project (PyPI pysword)."""

import functools

import msgspec
from pysword.canons import canons

from appliance.errors import Refused
from appliance.scripture.canon import BOOK_BY_OSIS, Book

HUB = "NRSVA"


class UnknownVersification(Refused):
    """A translation names a versification that is not in the tables."""


class Division(msgspec.Struct, frozen=True):
    """A book in a versification, with the number of verses of each chapter."""

    book: Book
    verses: tuple[int, ...]


class Versification(msgspec.Struct, frozen=True):
    """A versification: the divisions of each SWORD testament, in the order of a module's index."""

    name: str
    testaments: dict[str, tuple[Division, ...]]

    @property
    def divisions(self) -> tuple[Division, ...]:
        return tuple(division for divisions in self.testaments.values() for division in divisions)

    def division(self, book: Book) -> Division | None:
        return next((division for division in self.divisions if division.book == book), None)


@functools.cache
def max_chapters(book: Book) -> int:
    """Return the largest number of chapters that a book has in any versification."""
    divisions = (versification(name).division(book) for name in canons)
    return max((len(division.verses) for division in divisions if division), default=1)


@functools.cache
def versification(name: str) -> Versification:
    """Return the versification with this SWORD name, such as `KJV` or `NRSVA`. Raises UnknownVersification."""
    table = canons.get(name.lower())
    if table is None:
        supported = ", ".join(sorted(canon.upper() for canon in canons))
        raise UnknownVersification(f"The versification {name[:40]!r} is unknown.", remedy=f"Use one of {supported}.")
    testaments = {
        testament: tuple(
            Division(BOOK_BY_OSIS[osis], tuple(verses)) for _name, osis, _preferred, verses in table.get(testament, ())
        )
        for testament in ("ot", "nt")
    }
    return Versification(name.upper(), testaments)
