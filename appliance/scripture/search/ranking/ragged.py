"""Rows of different lengths in one array."""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers


class Ragged(msgspec.Struct, frozen=True):
    """Rows in one array. Row `i` is `values[offsets[i]:offsets[i + 1]]`."""

    values: Integers
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        return np.diff(self.offsets)

    def lengths_of(self, rows: Integers) -> Integers:
        """Return the number of values in each of these rows."""
        lengths: Integers = self.offsets[rows + 1] - self.offsets[rows]
        return lengths

    def values_of(self, rows: Integers) -> tuple[Integers, Integers]:
        """Return (row_index, values) with the values of several rows. `values[i]` is from the row `rows[row_index[i]]`."""
        row_index, positions = spread(self.offsets[rows], self.offsets[rows + 1])
        return row_index, self.values[positions]


def ragged(rows: int, row_of: Integers, values: Integers) -> Ragged:
    """Group values into `rows` rows. `row_of[i]` is the row of `values[i]`. The values can be in any order."""
    order = np.argsort(row_of, kind="stable")
    return Ragged(values[order].astype(np.int32), np.searchsorted(row_of[order], np.arange(rows + 1)))


def ragged_set(rows: int, row_of: Integers, values: Integers) -> Ragged:
    """Group values as `ragged` does, without duplicate values in a row."""
    pairs = np.unique(np.stack([row_of, values]), axis=1)
    return ragged(rows, pairs[0], pairs[1])


def spread(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Return (range_index, numbers) with all numbers of the ranges. `numbers[i]` is in the range `range_index[i]`."""
    counts = ends - starts
    range_index = np.repeat(np.arange(len(starts)), counts)
    return range_index, np.arange(len(range_index)) + np.repeat(ends - np.cumsum(counts), counts)
