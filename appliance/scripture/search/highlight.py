"""Where the words of a query stand in the text of a verse."""

import re
from collections.abc import Sequence

from appliance.scripture.search.fts import stem

Highlights = tuple[tuple[int, int], ...]


def highlighter(words: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern for the forms of some words; None where there is nothing to mark."""
    stems = sorted({stem(word) for word in words if len(word) > 2 or len(words) == 1}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems))})\w*", re.IGNORECASE) if stems else None


def highlights(pattern: re.Pattern[str] | None, text: str) -> Highlights:
    """(start, end) of every match."""
    return tuple(match.span() for match in pattern.finditer(text)) if pattern else ()
