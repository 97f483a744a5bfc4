"""What people type, and what they mean by it: the frame of a question, and words that no text has."""

import re
from collections.abc import Iterable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.scripture.search.fts import TextQuery, stem

_WORD = re.compile(r"\w{2,}")
_FRAME = re.compile(
    r"^(?:please\s+)?(?:what|where|how|when|why|who|which|does|do|is|are|can|should|tell\s+me|explain)\b"
    r"(?:(?:\s+\w+){0,4}?\s+(?:bible|scriptures?|god'?s\s+word|jesus)(?:\s+(?:say|says|teach|teaches|tell\s+us|mean|have\s+to\s+say))?)?"
    r"(?:\s+(?:about|on|regarding|concerning))?\s+",
    re.IGNORECASE,
)
# Shorter words have too many neighbours; a word is meant that differs in no more than this share of its letters.
SHORTEST_MISSPELT = 4
MOST_DIFFERENT = 0.2


def subject_of(question: str) -> str:
    """What a question is about, without the frame that every question shares: "worry" of "what … say about worry?"."""
    subject = _FRAME.sub("", question).strip(" ?!.")
    return subject if _WORD.search(subject) else question


class Vocabulary:
    """The words of a library, how often each stands in its texts, and other words that are known to be right."""

    def __init__(self, words: Mapping[str, int], others: Iterable[str] = ()) -> None:
        self._words = words
        self._known = frozenset(words) | frozenset(others)
        self._stems = frozenset(map(stem, self._known))

    def respelt(self, query: TextQuery) -> dict[str, str]:
        """The words of a query that nobody knows, each with the one that is meant.

        Of words equally near, the most frequent is meant. Words that nothing is near to are left out.
        """
        unknown = [word for word in query.words if self._is_misspelt(word)]
        meant = ((word, self._nearest(word.lower())) for word in unknown)
        return {word: near for word, near in meant if near}

    def _is_misspelt(self, word: str) -> bool:
        lowered = word.lower()
        known = lowered in self._known or stem(lowered) in self._stems
        return len(word) >= SHORTEST_MISSPELT and word.isalpha() and not known

    def _nearest(self, word: str) -> str | None:
        near = process.extract(
            word, self._words.keys(), scorer=OSA.normalized_distance, score_cutoff=MOST_DIFFERENT, limit=8
        )
        # A first letter is seldom wrong.
        near.sort(key=lambda each: (each[1] + (each[0][0] != word[0]) * 0.1, -self._words[each[0]]))
        return near[0][0] if near else None
