"""The words of a library and their frequencies."""

from collections.abc import Mapping

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers
from appliance.infrastructure.strings import StringTable, string_table


class WordCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Words in lower case, and the frequency of each word."""

    words: StringTable
    counts: Integers

    def frequency(self, word: str) -> int:
        """Return the frequency of a word. The case does not matter."""
        number = self.words.find(word.lower())
        return int(self.counts[number]) if number is not None else 0


def word_counts(counts: Mapping[str, int]) -> WordCounts:
    """Store words in the order of a mapping. The order matters: of equally good corrections, the first one is used."""
    return WordCounts(words=string_table(counts), counts=np.fromiter(counts.values(), dtype=np.int32))
