"""Prepares a typed query: removes question phrases and corrects misspelt words."""

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
_QUESTION_PHRASE = re.compile(
    r"^(?:please\s+)?(?:what|where|how|when|why|who|which|does|do|is|are|can|should|tell\s+me|explain)\b"
    r"(?:(?:\s+\w+){0,4}?\s+(?:bible|scriptures?|god'?s\s+word|jesus)(?:\s+(?:say|says|teach|teaches|tell\s+us|mean|have\s+to\s+say))?)?"
    r"(?:\s+(?:about|on|regarding|concerning))?\s+",
    re.IGNORECASE,
)
# A shorter word is similar to too many other words.
MIN_MISSPELT_LENGTH = 4
# The largest share of letters in which a correction may differ from the typed word.
MAX_EDIT_DISTANCE = 0.2


def subject_of(question: str) -> str:
    """Return the subject of a question without the question phrase: "worry" for "what … say about worry?"."""
    subject = _QUESTION_PHRASE.sub("", question).strip(" ?!.")
    return subject if _WORD.search(subject) else question


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a library with their frequencies, and the stems of all correct words.

    `extra` has correct words that are not in the library. `stems` has the stems of the library's words and of `extra`.
    """

    words: WordCounts
    extra: StringTable
    stems: StringTable

    def corrections(self, query: TextQuery) -> dict[str, str]:
        """Return a correction for each misspelt word of a query.

        If several words are equally similar, the most frequent word is used. Words without a similar word are left out.
        """
        misspelt = [word for word in query.words if self._is_misspelt(word)]
        if not misspelt:
            return {}
        words = list(self.words.words)
        nearest = ((word, self._nearest(word.lower(), words)) for word in misspelt)
        return {word: correction for word, correction in nearest if correction}

    def _is_misspelt(self, word: str) -> bool:
        if len(word) < MIN_MISSPELT_LENGTH or not word.isalpha():
            return False
        lowered = word.lower()
        return lowered not in self.extra and lowered not in self.words.words and stem(lowered) not in self.stems

    def _nearest(self, word: str, words: Sequence[str]) -> str | None:
        similar = process.extract(word, words, scorer=OSA.normalized_distance, score_cutoff=MAX_EDIT_DISTANCE, limit=8)
        # The first letter of a misspelt word is usually right, so another first letter makes a match worse.
        similar.sort(key=lambda match: (match[1] + (match[0][0] != word[0]) * 0.1, -self.words.frequency(match[0])))
        return similar[0][0] if similar else None


def vocabulary(words: WordCounts, others: Iterable[str] = ()) -> Vocabulary:
    """Return a vocabulary of the words of a library and of other correct words."""
    extra_words = set(others)
    return Vocabulary(
        words=words,
        extra=string_table(sorted(extra_words)),
        stems=string_table(sorted({stem(word) for word in itertools.chain(words.words, extra_words)})),
    )
