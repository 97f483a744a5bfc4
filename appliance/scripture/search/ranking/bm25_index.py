"""BM25 over rows of words: the impact of each word on each row is computed once, and added up for a query.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with the constants and the columns'
weights of SQLite's FTS5, whose scores these are; ahead of time as in Lù, "BM25S: Orders of magnitude faster lexical search
via eager sparse scoring", 2024. FTS5 looks up every matching row for every query: for common words that is tens of times as slow.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.strings import StringTable, string_table

K1, B = 1.2, 0.75
# What a word says that stands in half of all rows or more.
MIN_IDF = 1e-6


class BM25Index(msgspec.Struct, frozen=True, kw_only=True):
    """Rows numbered from 0 below `size`, and for each word those in which it stands, with its impact on each.

    Words are tokens: what makes them is the same for queries. Word `i` is at `offsets[i]:offsets[i + 1]`.
    """

    size: int
    words: StringTable
    offsets: Integers
    rows: Integers
    impacts: Floats

    def scores(self, words: Iterable[str]) -> Floats:
        """The score of every row for a query's words; 0 where none of them stands."""
        totals = np.zeros(self.size, dtype=np.float32)
        for word in words:
            number = self.words.find(word)
            if number is not None:
                here = slice(self.offsets[number], self.offsets[number + 1])
                # A row stands once under a word, so that nothing is added twice at one place.
                totals[self.rows[here]] += self.impacts[here]
        return totals


def bm25_index(size: int, columns: Iterable[tuple[int, Sequence[str], float]]) -> BM25Index:
    """Of each column of each row: the row's number below `size`, its words, and how much each of them counts."""
    numbers: dict[str, int] = {}
    words: list[int] = []
    spans: list[tuple[int, int, float]] = []
    for row, tokens, weight in columns:
        words.extend(numbers.setdefault(token, len(numbers)) for token in tokens)
        spans.append((row, len(tokens), weight))
    columns_of = np.array(spans, dtype=np.float64).reshape(-1, 3)
    return _computed(size, list(numbers), np.array(words, dtype=np.int64), columns_of)


def _computed(size: int, names: list[str], words: Integers, spans: Floats) -> BM25Index:
    of, counts = spans[:, 0].astype(np.int64), spans[:, 1].astype(np.int64)
    lengths = np.bincount(of, weights=counts, minlength=size)
    keys = words * size + np.repeat(of, counts)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    frequencies = np.add.reduceat(np.repeat(spans[:, 2], counts)[order], starts) if len(starts) else np.zeros(0)
    word_of, rows = keys[starts] // size, (keys[starts] % size).astype(np.int32)
    offsets = np.searchsorted(word_of, np.arange(len(names) + 1))
    found_in = np.diff(offsets)
    documents = len(np.unique(of))
    idf = np.maximum(np.log((documents - found_in + 0.5) / (found_in + 0.5)), MIN_IDF)
    average = float(lengths.sum()) / max(documents, 1)
    relative = lengths / (average or 1.0)
    damped = frequencies + K1 * (1 - B + B * relative[rows])
    impacts = (idf[word_of] * frequencies * (K1 + 1) / damped).astype(np.float32)
    return BM25Index(size=size, words=string_table(names), offsets=offsets, rows=rows, impacts=impacts)
