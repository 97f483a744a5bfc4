"""BM25 over rows of words held in memory: the impact of each word on each row is computed once, and added up for a query.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with the constants and the columns'
weights of SQLite's FTS5, whose scores these are; ahead of time as in Lù, "BM25S: Orders of magnitude faster lexical search
via eager sparse scoring", 2024. FTS5 looks up every matching row for every query: for common words that is tens of times as slow.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
# What a word says that stands in half of all rows or more.
LEAST_IDF = 1e-6


class BM25Index:
    """Rows numbered from 0 and the words that stand in them. Words are tokens: what makes them is the same for queries."""

    def __init__(self, size: int, columns: Iterable[tuple[int, Sequence[str], float]]) -> None:
        """Of each column of each row: the row's number below `size`, its words, and how much each of them counts."""
        numbers: defaultdict[str, int] = defaultdict()
        numbers.default_factory = numbers.__len__
        words: list[int] = []
        spans: list[tuple[int, int, float]] = []
        for row, tokens, weight in columns:
            words.extend(map(numbers.__getitem__, tokens))
            spans.append((row, len(tokens), weight))
        self._numbers = dict(numbers)
        self._size = size
        self._compute(np.array(words, dtype=np.int64), np.array(spans, dtype=np.float64).reshape(-1, 3))

    def scores(self, words: Iterable[str]) -> NDArray[np.float32]:
        """The score of every row for a query's words; 0 where none of them stands."""
        totals = np.zeros(self._size, dtype=np.float32)
        for word in words:
            number = self._numbers.get(word)
            if number is not None:
                here = slice(self._offsets[number], self._offsets[number + 1])
                # A row stands once under a word, so that nothing is added twice at one place.
                totals[self._rows[here]] += self._impacts[here]
        return totals

    def _compute(self, words: NDArray[np.int64], spans: NDArray[Any]) -> None:
        of, counts = spans[:, 0].astype(np.int64), spans[:, 1].astype(np.int64)
        lengths = np.bincount(of, weights=counts, minlength=self._size)
        keys = words * self._size + np.repeat(of, counts)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        frequencies = np.add.reduceat(np.repeat(spans[:, 2], counts)[order], starts) if len(starts) else np.zeros(0)
        word_of, self._rows = keys[starts] // self._size, (keys[starts] % self._size).astype(np.int32)
        self._offsets = np.searchsorted(word_of, np.arange(len(self._numbers) + 1)).tolist()
        found_in = np.diff(self._offsets)
        documents = len(np.unique(of))
        idf = np.maximum(np.log((documents - found_in + 0.5) / (found_in + 0.5)), LEAST_IDF)
        average = float(lengths.sum()) / max(documents, 1)
        relative = lengths / (average or 1.0)
        damped = frequencies + K1 * (1 - B + B * relative[self._rows])
        self._impacts = (idf[word_of] * frequencies * (K1 + 1) / damped).astype(np.float32)
