"""The words of a library and their frequencies."""

from collections.abc import Mapping

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers
from appliance.infrastructure.strings import StringTable, string_table


class WordCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Words in lower case, and the frequency of each."""

    words: StringTable
    counts: Integers

    def frequency(self, word: str) -> int:
        """The frequency of a word, ignoring case."""
        number = self.words.find(word.lower())
        return int(self.counts[number]) if number is not None else 0


def word_counts(counts: Mapping[str, int]) -> WordCounts:
    """Words in the order of a mapping. The order matters: among equally good corrections of a word, the first is used."""
    return WordCounts(words=string_table(counts), counts=np.fromiter(counts.values(), dtype=np.int32))
