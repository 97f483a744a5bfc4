"""How versifications divide books into chapters and verses. The tables are from the SWORD project (PyPI pysword)."""

import functools

import msgspec
from pysword.canons import canons

from appliance.errors import Refused
from appliance.scripture.canon import BOOK_BY_OSIS, Book

HUB = "NRSVA"


class UnknownVersification(Refused):
    """A translation names a versification that the tables do not have."""


class Division(msgspec.Struct, frozen=True):
    """A book in a versification: the number of verses of each of its chapters."""

    book: Book
    verses: tuple[int, ...]


class Versification(msgspec.Struct, frozen=True):
    """A versification: its divisions by SWORD testament, in the order of a module's index."""

    name: str
    testaments: dict[str, tuple[Division, ...]]

    @property
    def divisions(self) -> tuple[Division, ...]:
        return tuple(division for divisions in self.testaments.values() for division in divisions)

    def division(self, book: Book) -> Division | None:
        return next((division for division in self.divisions if division.book == book), None)


@functools.cache
def max_chapters(book: Book) -> int:
    """The largest number of chapters that any versification gives a book."""
    divisions = (versification(name).division(book) for name in canons)
    return max((len(division.verses) for division in divisions if division), default=1)


@functools.cache
def versification(name: str) -> Versification:
    """Return the versification with a SWORD name such as `KJV` or `NRSVA`. Raises UnknownVersification."""
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
