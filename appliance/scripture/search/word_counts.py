"""The words of a library, and how often each is there."""

from collections.abc import Mapping

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers
from appliance.infrastructure.strings import StringTable, string_table


class WordCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Words in lower case, by number, and how often each is there."""

    words: StringTable
    counts: Integers

    def frequency(self, word: str) -> int:
        """How often a word is there, whatever its case."""
        number = self.words.find(word.lower())
        return int(self.counts[number]) if number is not None else 0


def word_counts(counts: Mapping[str, int]) -> WordCounts:
    """Words in the order of a mapping. Of words that are equally near to a misspelt one, the earlier is meant."""
    return WordCounts(words=string_table(counts), counts=np.fromiter(counts.values(), dtype=np.int32))
