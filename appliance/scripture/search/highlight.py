"""Finds the words of a query in the text of a verse."""

import re
from collections.abc import Sequence

from appliance.scripture.search.fts import stem

Highlights = tuple[tuple[int, int], ...]


def highlighter(words: Sequence[str]) -> re.Pattern[str] | None:
    """Return a pattern that matches all forms of some words, or None if there is nothing to highlight."""
    stems = sorted({stem(word) for word in words if len(word) > 2 or len(words) == 1}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems))})\w*", re.IGNORECASE) if stems else None


def highlights(pattern: re.Pattern[str] | None, text: str) -> Highlights:
    """Return the (start, end) offsets of every match."""
    return tuple(match.span() for match in pattern.finditer(text)) if pattern else ()
