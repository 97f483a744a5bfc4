"""Finds verses that contain most words of a query close together in the same order, so partly remembered verses are found."""

import math
import re
from collections.abc import Iterable

import msgspec
from rapidfuzz.distance import LCSseq

# A shorter query matches too many verses: "love of God" is in many verses that the reader does not mean.
MIN_WORDS = 4
MIN_SHARE = 0.8
# A verse is searched in parts. Each part is this many times as long as the query.
LENGTH_FACTOR = 1.4
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class OrderedMatch(msgspec.Struct, frozen=True):
    """A verse that contains a share of the query's words in the same order. `width` words of the verse contain them."""

    verse_id: int
    share: float
    width: int


def words_in_order(query: str, texts: Iterable[tuple[int, str]]) -> list[OrderedMatch]:
    """Return the verses that contain a query's words in the same order, best first. Ties keep the order of `texts`.

    For a query of fewer than 4 words, the list is empty.
    """
    query_words = words_of(query)
    if len(query_words) < MIN_WORDS:
        return []
    best_matches: dict[int, OrderedMatch] = {}
    min_shared = MIN_SHARE * len(query_words)
    for verse_id, text in texts:
        # This check is ten times as fast as `_match`, and it rules out most verses.
        plain_text = _plain(text)
        if sum(word in plain_text for word in query_words) < min_shared:
            continue
        match = _match(query_words, verse_id, words_of(text))
        if match and (verse_id not in best_matches or _sort_key(match) < _sort_key(best_matches[verse_id])):
            best_matches[verse_id] = match
    return sorted(best_matches.values(), key=_sort_key)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [_plain(word) for word in _WORD.findall(text)]


def _plain(text: str) -> str:
    return text.replace("’", "'").lower()


def _match(query_words: list[str], verse_id: int, verse_words: list[str]) -> OrderedMatch | None:
    min_shared = MIN_SHARE * len(query_words)
    if LCSseq.similarity(query_words, verse_words) < min_shared:
        return None
    # Each part of the verse is compared separately. Otherwise, a match in a distant part would make the width too large.
    length = math.ceil(len(query_words) * LENGTH_FACTOR)
    parts = (verse_words[start : start + length] for start in range(max(1, len(verse_words) - length + 1)))
    shared, negative_width, _ = max(
        (LCSseq.similarity(query_words, part), -_width(query_words, part), -number) for number, part in enumerate(parts)
    )
    return OrderedMatch(verse_id, shared / len(query_words), -negative_width) if shared >= min_shared else None


def _width(query_words: list[str], part: list[str]) -> int:
    blocks = [opcode for opcode in LCSseq.opcodes(query_words, part) if opcode.tag == "equal"]
    return blocks[-1].dest_end - blocks[0].dest_start if blocks else len(part)


def _sort_key(match: OrderedMatch) -> tuple[float, int]:
    return -match.share, match.width
