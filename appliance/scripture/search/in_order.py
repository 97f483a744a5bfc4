"""Verses that are remembered by their words: most of a query stands in them, in its order and close together."""

import math
import re
from collections.abc import Iterable

import msgspec
from rapidfuzz.distance import LCSseq

# Fewer words in order say little: "love of God" stands in many verses that nobody thought of.
FEWEST_WORDS = 4
MIN_SHARE = 0.8
# How many more words than the query the part of a verse has in which they are looked for.
ROOM = 1.4
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class InOrder(msgspec.Struct, frozen=True):
    """A verse that has a share of a query's words in order, the first and the last of them `width` words apart."""

    verse_id: int
    share: float
    width: int


def words_in_order(query: str, texts: Iterable[tuple[int, str]]) -> list[InOrder]:
    """The verses that have a query's words in order, best first, equal ones as they came; none for a query of few words."""
    wanted = words_of(query)
    if len(wanted) < FEWEST_WORDS:
        return []
    found: dict[int, InOrder] = {}
    least = MIN_SHARE * len(wanted)
    for verse_id, text in texts:
        # This check is ten times as fast as the next, and rejects most verses.
        letters = _plain(text)
        if sum(word in letters for word in wanted) < least:
            continue
        match = _match(wanted, verse_id, words_of(text))
        if match and (verse_id not in found or _order(match) < _order(found[verse_id])):
            found[verse_id] = match
    return sorted(found.values(), key=_order)


def words_of(text: str) -> list[str]:
    """The words of a text, whatever their case."""
    return [_plain(word) for word in _WORD.findall(text)]


def _plain(text: str) -> str:
    return text.replace("’", "'").lower()


def _match(wanted: list[str], verse_id: int, words: list[str]) -> InOrder | None:
    least = MIN_SHARE * len(wanted)
    if LCSseq.similarity(wanted, words) < least:
        return None
    # Words of a far part of the verse would make the stretch longer than it is: each part is looked at by itself.
    length = math.ceil(len(wanted) * ROOM)
    parts = (words[at : at + length] for at in range(max(1, len(words) - length + 1)))
    shared, width, _ = max(
        (LCSseq.similarity(wanted, part), -_width(wanted, part), -number) for number, part in enumerate(parts)
    )
    return InOrder(verse_id, shared / len(wanted), -width) if shared >= least else None


def _width(wanted: list[str], part: list[str]) -> int:
    blocks = [each for each in LCSseq.opcodes(wanted, part) if each.tag == "equal"]
    return blocks[-1].dest_end - blocks[0].dest_start if blocks else len(part)


def _order(match: InOrder) -> tuple[float, int]:
    return -match.share, match.width
