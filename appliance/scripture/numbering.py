"""From the numbers of one versification to the hub's and back.

The Psalms follow the Greek and Latin numbering where a versification does (9 and 10, 114 and 115 joined, 116 and 147
parted), and a title that is counted as a verse is the hub's verse 0. Elsewhere verses are told by their order: where
neighbouring chapters together have as many verses in both, only the border between them differs (Joel 3, Malachi 4). In a
chapter that differs alone, numbers are kept, and what is beyond its end belongs to its last verse.
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
# Of Greek and Latin psalms that are no single psalm of the hub, or that have another number: hub psalm, first and last verse.
_PARTED = {
    9: ((9, 1, 20), (10, 1, 18)),
    113: ((114, 1, 8), (115, 1, 18)),
    114: ((116, 1, 9),),
    115: ((116, 10, 19),),
    146: ((147, 1, 11),),
    147: ((147, 12, 20),),
}
# The longest run of chapters between which a border is looked for.
_LONGEST_RUN = 4
# What order does not tell: verses of the hub that others have in the next chapter.
_ELSEWHERE = {("Rev", 12, 18): (13, 1)}


class Way(Enum):
    """Whether two verses are each other's, or one is only where the other's words are found."""

    BOTH = 0
    TO_HUB = 1
    FROM_HUB = 2


class Pair(NamedTuple):
    """A verse_id of a versification and one of the hub."""

    own: int
    hub: int
    way: Way = Way.BOTH


class Numbering:
    """The verses of a versification that have another number in the hub."""

    def __init__(self, name: str) -> None:
        own, hub = versification(name), versification(HUB)
        self._to_hub: dict[int, int] = {}
        self._from_hub: dict[int, int] = {}
        for division in own.divisions:
            other = hub.division(division.book)
            if other and division.verses != other.verses:
                for pair in _pairs(division, other):
                    if pair.way is not Way.FROM_HUB:
                        self._to_hub.setdefault(pair.own, pair.hub)
                    if pair.way is not Way.TO_HUB:
                        self._from_hub.setdefault(pair.hub, pair.own)

    def to_hub(self, number: int) -> int:
        """The hub's verse_id of a verse."""
        return self._to_hub.get(number, number)

    def from_hub(self, number: int) -> int:
        """The verse in which this versification has a verse of the hub."""
        return self._from_hub.get(number, number)

    @property
    def differs(self) -> bool:
        return bool(self._to_hub or self._from_hub)


@functools.cache
def numbering(name: str) -> Numbering:
    """How a versification, by its SWORD name, differs from the hub. Raises UnknownVersification."""
    return Numbering(name)


def _pairs(own: Division, hub: Division) -> Iterator[Pair]:
    if own.book == _PSALMS:
        yield from _psalms(own, hub)
    elif own.book == _DANIEL and own.verses[2] == _DANIEL_3_WITH_PRAYER:
        yield from _daniel(own)
    else:
        yield from _in_order(own, hub)
    if own.book == _BARUCH and len(own.verses) < len(hub.verses):
        # The letter of Jeremiah is the hub's Baruch 6.
        letter = len(own.verses) + 1
        for verse in range(1, hub.verses[-1] + 1):
            yield Pair(verse_id(_LETTER, 1, verse), verse_id(_BARUCH, letter, verse))


def _daniel(own: Division) -> Iterator[Pair]:
    """Daniel with the Prayer of Azariah, Susanna and Bel inside."""
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
        parts = _PARTED.get(psalm) if greek else None
        if parts is None:
            number = psalm + (1 if greek and 10 <= psalm <= 145 else 0)
            parts = ((number, 1, hub.verses[number - 1]),)
        yield from _psalm(psalm, count, parts)


def _psalm(psalm: int, count: int, parts: tuple[tuple[int, int, int], ...]) -> Iterator[Pair]:
    places = [(number, verse) for number, first, last in parts for verse in range(first, last + 1)]
    # Some go on counting where the psalm of which they are a part stopped.
    start = places[0][1] if places[0][1] > 1 and count >= places[-1][1] else 1
    titles = max(0, count - (start - 1) - len(places))
    if len(parts) > 1:
        titles = min(titles, 1)
    for verse in range(start, count + 1):
        place = verse - start - titles
        number, hub_verse = places[min(place, len(places) - 1)] if place >= 0 else (places[0][0], 0)
        way = Way.BOTH if place < len(places) else Way.TO_HUB
        yield Pair(verse_id(_PSALMS, psalm, verse), verse_id(_PSALMS, number, hub_verse), way)
    for number, hub_verse in places[count - start + 1 :]:
        yield Pair(verse_id(_PSALMS, psalm, count), verse_id(_PSALMS, number, hub_verse), Way.FROM_HUB)


def _in_order(own: Division, hub: Division) -> Iterator[Pair]:
    mine, theirs = 0, 0
    while mine < len(own.verses) and theirs < len(hub.verses):
        run = _run(own.verses[mine:], hub.verses[theirs:])
        if run is None:
            yield from _alone(own.book, mine + 1, own.verses[mine], hub.verses[theirs])
            mine, theirs = mine + 1, theirs + 1
            continue
        own_verses = _verses(own.book, own.verses, mine, mine + run[0])
        hub_verses = _verses(own.book, hub.verses, theirs, theirs + run[1])
        yield from (Pair(one, other) for one, other in zip(own_verses, hub_verses, strict=True) if one != other)
        mine, theirs = mine + run[0], theirs + run[1]


def _run(mine: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, int] | None:
    """The shortest runs of chapters that have as many verses in both, as numbers of chapters."""
    for length in range(2, 2 * _LONGEST_RUN + 1):
        for own in range(1, length):
            hub = length - own
            fits = own <= len(mine) and hub <= len(theirs) and abs(own - hub) <= 1
            if fits and sum(mine[:own]) == sum(theirs[:hub]):
                return own, hub
    return None


def _alone(book: Book, chapter: int, mine: int, theirs: int) -> Iterator[Pair]:
    for verse in range(theirs + 1, mine + 1):
        yield Pair(verse_id(book, chapter, verse), verse_id(book, chapter, theirs), Way.TO_HUB)
    for verse in range(mine + 1, theirs + 1):
        place = _ELSEWHERE.get((book.osis, chapter, verse), (chapter, mine))
        yield Pair(verse_id(book, *place), verse_id(book, chapter, verse), Way.FROM_HUB)


def _verses(book: Book, counts: tuple[int, ...], first: int, last: int) -> Iterator[int]:
    for chapter in range(first, last):
        yield from (verse_id(book, chapter + 1, verse) for verse in range(1, counts[chapter] + 1))
