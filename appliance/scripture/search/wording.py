"""What people type, and what they mean by it: the frame of a question, and words that no text has."""

import itertools
import re
from collections.abc import Iterable, Sequence

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import OSA

from appliance.infrastructure.strings import StringTable, string_table
from appliance.scripture.search.fts import TextQuery, stem
from appliance.scripture.search.word_counts import WordCounts

_WORD = re.compile(r"\w{2,}")
_FRAME = re.compile(
    r"^(?:please\s+)?(?:what|where|how|when|why|who|which|does|do|is|are|can|should|tell\s+me|explain)\b"
    r"(?:(?:\s+\w+){0,4}?\s+(?:bible|scriptures?|god'?s\s+word|jesus)(?:\s+(?:say|says|teach|teaches|tell\s+us|mean|have\s+to\s+say))?)?"
    r"(?:\s+(?:about|on|regarding|concerning))?\s+",
    re.IGNORECASE,
)
# Shorter words have too many neighbours; a word is meant that differs in no more than this share of its letters.
SHORTEST_MISSPELT = 4
MAX_EDIT_DISTANCE = 0.2


def subject_of(question: str) -> str:
    """What a question is about, without the frame that every question shares: "worry" of "what … say about worry?"."""
    subject = _FRAME.sub("", question).strip(" ?!.")
    return subject if _WORD.search(subject) else question


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a library with how often each is there, and the stems of all words that are known to be right.

    `known` are words that are right beside those of the library, `stems` the stems of all.
    """

    words: WordCounts
    known: StringTable
    stems: StringTable

    def respelt(self, query: TextQuery) -> dict[str, str]:
        """The words of a query that nobody knows, each with the one that is meant.

        Of words equally near, the most frequent is meant. Words that nothing is near to are left out.
        """
        unknown = [word for word in query.words if self._is_misspelt(word)]
        if not unknown:
            return {}
        words = list(self.words.words)
        meant = ((word, self._nearest(word.lower(), words)) for word in unknown)
        return {word: near for word, near in meant if near}

    def _is_misspelt(self, word: str) -> bool:
        if len(word) < SHORTEST_MISSPELT or not word.isalpha():
            return False
        lowered = word.lower()
        return lowered not in self.known and lowered not in self.words.words and stem(lowered) not in self.stems

    def _nearest(self, word: str, words: Sequence[str]) -> str | None:
        near = process.extract(word, words, scorer=OSA.normalized_distance, score_cutoff=MAX_EDIT_DISTANCE, limit=8)
        # A first letter is seldom wrong.
        near.sort(key=lambda each: (each[1] + (each[0][0] != word[0]) * 0.1, -self.words.frequency(each[0])))
        return near[0][0] if near else None


def vocabulary(words: WordCounts, others: Iterable[str] = ()) -> Vocabulary:
    """The words of a library, and other words that are right."""
    known = set(others)
    return Vocabulary(
        words=words,
        known=string_table(sorted(known)),
        stems=string_table(sorted({stem(word) for word in itertools.chain(words.words, known)})),
    )
