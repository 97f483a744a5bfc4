"""Rows of different lengths in one array."""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Integers


class Ragged(msgspec.Struct, frozen=True):
    """Row `i` is `values[offsets[i]:offsets[i + 1]]`."""

    values: Integers
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        return np.diff(self.offsets)

    def lengths_of(self, rows: Integers) -> Integers:
        """How many values each of some rows has."""
        lengths: Integers = self.offsets[rows + 1] - self.offsets[rows]
        return lengths

    def of(self, rows: Integers) -> tuple[Integers, Integers]:
        """The values of several rows, and by its place in `rows` of which row each is."""
        which, at = spread(self.offsets[rows], self.offsets[rows + 1])
        return which, self.values[at]


def ragged(rows: int, of: Integers, values: Integers) -> Ragged:
    """Of values in any order, `of` says in which of so many rows each stands."""
    order = np.argsort(of, kind="stable")
    return Ragged(values[order].astype(np.int32), np.searchsorted(of[order], np.arange(rows + 1)))


def ragged_set(rows: int, of: Integers, values: Integers) -> Ragged:
    """The same with no value twice in a row."""
    both = np.unique(np.stack([of, values]), axis=1)
    return ragged(rows, both[0], both[1])


def spread(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """All numbers from each start to before its end, and which of the starts each is from."""
    counts = ends - starts
    which = np.repeat(np.arange(len(starts)), counts)
    return which, np.arange(len(which)) + np.repeat(ends - np.cumsum(counts), counts)
