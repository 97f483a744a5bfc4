"""Converts verse numbers of a versification to the hub versification and back.

Some versifications number the Psalms as in the Greek and Latin Bibles. They join Psalms 9 and 10, join 114 and 115, and split
116 and 147. A title that counts as a verse is verse 0 in the hub. In other books, verses are matched by their order. If
neighbouring chapters together have the same number of verses in both versifications, only the border between these chapters
differs (Joel 3, Malachi 4). If a single chapter has another number of verses, its verse numbers stay the same. Verses that
the shorter chapter does not have become its last verse.
"""

import functools
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from appliance.scripture.canon import BOOK_BY_OSIS, Book, verse_id
from appliance.scripture.versification import HUB, Division, versification

_PSALMS, _PSALM_151 = BOOK_BY_OSIS["Ps"], BOOK_BY_OSIS["AddPs"]
_DANIEL, _PRAYER, _SUSANNA, _BEL = (BOOK_BY_OSIS[osis] for osis in ("Dan", "PrAzar", "Sus", "Bel"))
_BARUCH, _LETTER = BOOK_BY_OSIS["Bar"], BOOK_BY_OSIS["EpJer"]
_DANIEL_3_WITH_PRAYER = 100
# Greek and Latin psalms that are not exactly one psalm of the hub. A part is a hub psalm with its first and last verse.
_PSALM_PARTS = {
    9: ((9, 1, 20), (10, 1, 18)),
    113: ((114, 1, 8), (115, 1, 18)),
    114: ((116, 1, 9),),
    115: ((116, 10, 19),),
    146: ((147, 1, 11),),
    147: ((147, 12, 20),),
}
# The search for a moved chapter border reads at most this many chapters of each versification.
_MAX_RUN_CHAPTERS = 4
# Hub verses that are in the next chapter in other versifications. The order of the verses does not show this.
_IN_NEXT_CHAPTER = {("Rev", 12, 18): (13, 1)}


class Direction(Enum):
    """The direction in which a pair of verses is used. One verse can contain the words of several verses."""

    BOTH = 0
    TO_HUB = 1
    FROM_HUB = 2


class Pair(NamedTuple):
    """A verse_id of a versification, and the matching verse_id of the hub."""

    own: int
    hub: int
    direction: Direction = Direction.BOTH


class Numbering:
    """The verses of a versification that have another number in the hub versification."""

    def __init__(self, name: str) -> None:
        own, hub = versification(name), versification(HUB)
        self._to_hub: dict[int, int] = {}
        self._from_hub: dict[int, int] = {}
        for division in own.divisions:
            hub_division = hub.division(division.book)
            if hub_division and division.verses != hub_division.verses:
                for pair in _pairs(division, hub_division):
                    if pair.direction is not Direction.FROM_HUB:
                        self._to_hub.setdefault(pair.own, pair.hub)
                    if pair.direction is not Direction.TO_HUB:
                        self._from_hub.setdefault(pair.hub, pair.own)

    def to_hub(self, number: int) -> int:
        """Return the verse_id that a verse has in the hub."""
        return self._to_hub.get(number, number)

    def from_hub(self, number: int) -> int:
        """Return the verse_id in this versification that contains a verse of the hub."""
        return self._from_hub.get(number, number)

    @property
    def differs(self) -> bool:
        return bool(self._to_hub or self._from_hub)


@functools.cache
def numbering(name: str) -> Numbering:
    """Return the numbering of a versification by its SWORD name. Raises UnknownVersification."""
    return Numbering(name)


def _pairs(own: Division, hub: Division) -> Iterator[Pair]:
    if own.book == _PSALMS:
        yield from _psalms(own, hub)
    elif own.book == _DANIEL and own.verses[2] == _DANIEL_3_WITH_PRAYER:
        yield from _daniel(own)
    else:
        yield from _in_order(own, hub)
    if own.book == _BARUCH and len(own.verses) < len(hub.verses):
        # In the hub, the Letter of Jeremiah is Baruch 6.
        letter = len(own.verses) + 1
        for verse in range(1, hub.verses[-1] + 1):
            yield Pair(verse_id(_LETTER, 1, verse), verse_id(_BARUCH, letter, verse))


def _daniel(own: Division) -> Iterator[Pair]:
    """Yield the pairs for a book of Daniel that contains the Prayer of Azariah, Susanna, and Bel and the Dragon."""
    for chapter, count in enumerate(own.verses, start=1):
        for verse in range(1, count + 1):
            if chapter == 3 and verse > 23:
                prayer = verse - 23
                place = (
                    (_PRAYER, 1, prayer)
                    if prayer <= 67
                    else (_DANIEL, 3, prayer - 44)
                    if prayer <= 74
                    else (_DANIEL, 4, prayer - 74)
                )
            elif chapter == 4:
                place = (_DANIEL, 4, verse + 3)
            elif chapter > 12:
                place = (_SUSANNA if chapter == 13 else _BEL, 1, verse)
            else:
                continue
            yield Pair(verse_id(_DANIEL, chapter, verse), verse_id(*place))


def _psalms(own: Division, hub: Division) -> Iterator[Pair]:
    greek = own.verses[8] > hub.verses[8] + hub.verses[9] - 2
    for psalm, count in enumerate(own.verses, start=1):
        if psalm > len(hub.verses):
            for verse in range(1, count + 1):
                yield Pair(verse_id(_PSALMS, psalm, verse), verse_id(_PSALM_151, 1, verse))
            continue
        parts = _PSALM_PARTS.get(psalm) if greek else None
        if parts is None:
            number = psalm + (1 if greek and 10 <= psalm <= 145 else 0)
            parts = ((number, 1, hub.verses[number - 1]),)
        yield from _psalm(psalm, count, parts)


def _psalm(psalm: int, count: int, parts: tuple[tuple[int, int, int], ...]) -> Iterator[Pair]:
    places = [(number, verse) for number, first, last in parts for verse in range(first, last + 1)]
    # Some psalms contain only the second part of a hub psalm, and their verse numbers continue after the first part.
    start = places[0][1] if places[0][1] > 1 and count >= places[-1][1] else 1
    titles = max(0, count - (start - 1) - len(places))
    if len(parts) > 1:
        titles = min(titles, 1)
    for verse in range(start, count + 1):
        place = verse - start - titles
        number, hub_verse = places[min(place, len(places) - 1)] if place >= 0 else (places[0][0], 0)
        direction = Direction.BOTH if place < len(places) else Direction.TO_HUB
        yield Pair(verse_id(_PSALMS, psalm, verse), verse_id(_PSALMS, number, hub_verse), direction)
    for number, hub_verse in places[count - start + 1 :]:
        yield Pair(verse_id(_PSALMS, psalm, count), verse_id(_PSALMS, number, hub_verse), Direction.FROM_HUB)


def _in_order(own: Division, hub: Division) -> Iterator[Pair]:
    own_chapter, hub_chapter = 0, 0
    while own_chapter < len(own.verses) and hub_chapter < len(hub.verses):
        run = _run(own.verses[own_chapter:], hub.verses[hub_chapter:])
        if run is None:
            yield from _single_chapter(own.book, own_chapter + 1, own.verses[own_chapter], hub.verses[hub_chapter])
            own_chapter, hub_chapter = own_chapter + 1, hub_chapter + 1
            continue
        own_verses = _verses(own.book, own.verses, own_chapter, own_chapter + run[0])
        hub_verses = _verses(own.book, hub.verses, hub_chapter, hub_chapter + run[1])
        yield from (
            Pair(own_verse, hub_verse)
            for own_verse, hub_verse in zip(own_verses, hub_verses, strict=True)
            if own_verse != hub_verse
        )
        own_chapter, hub_chapter = own_chapter + run[0], hub_chapter + run[1]


def _run(own_counts: tuple[int, ...], hub_counts: tuple[int, ...]) -> tuple[int, int] | None:
    """Return the smallest numbers of chapters, own and hub, that have the same number of verses in both versifications."""
    for length in range(2, 2 * _MAX_RUN_CHAPTERS + 1):
        for own in range(1, length):
            hub = length - own
            is_possible = own <= len(own_counts) and hub <= len(hub_counts) and abs(own - hub) <= 1
            if is_possible and sum(own_counts[:own]) == sum(hub_counts[:hub]):
                return own, hub
    return None


def _single_chapter(book: Book, chapter: int, own_count: int, hub_count: int) -> Iterator[Pair]:
    for verse in range(hub_count + 1, own_count + 1):
        yield Pair(verse_id(book, chapter, verse), verse_id(book, chapter, hub_count), Direction.TO_HUB)
    for verse in range(own_count + 1, hub_count + 1):
        place = _IN_NEXT_CHAPTER.get((book.osis, chapter, verse), (chapter, own_count))
        yield Pair(verse_id(book, *place), verse_id(book, chapter, verse), Direction.FROM_HUB)


def _verses(book: Book, counts: tuple[int, ...], first: int, last: int) -> Iterator[int]:
    for chapter in range(first, last):
        yield from (verse_id(book, chapter + 1, verse) for verse in range(1, counts[chapter] + 1))
