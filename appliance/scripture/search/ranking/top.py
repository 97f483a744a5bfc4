"""Finds the largest numbers of a signal without sorting all numbers."""

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers

EVERYWHERE = slice(None)
# All verses after this place have the same rank.
MAX_RANKED = 400
# How many numbers a group has. At first, only the largest number of each group is sorted. The numbers of a group are far apart
# in the signal, because neighbours (verses of one chapter) are often large together.
GROUP_SIZE = 32
# Two different 32-bit numbers differ by at least four times this fraction of their size.
BELOW_32_BITS = 2.0**-26


def top(signal: Floats, count: int, within: slice = EVERYWHERE, *, tie_breaker: Floats | None = None) -> Integers:
    """Return the positions of the largest numbers above 0 in a 32-bit signal, at most `count`, largest first.

    Equal numbers are sorted by `tie_breaker` (values from -1 to 1, larger first), and then by position.
    """
    part = signal[within]
    positions = _at_least_the_largest(part, count, above=0.0)
    numbers = part[positions]
    if tie_breaker is not None:
        # One sort by both numbers is enough: in 64 bits, the tie breaker fits below the last bit of the 32-bit number.
        numbers = numbers * (1.0 + tie_breaker[within][positions].astype(np.float64) * BELOW_32_BITS)
    return positions[_descending(numbers)[:count]] + (within.start or 0)


def largest(numbers: Floats, count: int) -> Integers:
    """Return the positions of the largest numbers, at most `count`, largest first. Equal numbers are sorted by position."""
    positions = _at_least_the_largest(numbers, count, above=-np.inf)
    return positions[_descending(numbers[positions])[:count]]


class TopFinder:
    """Finds the best verses by the signals of one query. It sorts each signal only once."""

    def __init__(self, tie_breaker: Floats) -> None:
        """`tie_breaker` is passed to `top`."""
        self._tie_breaker = tie_breaker
        # Keep a reference to each signal, so that Python does not reuse its id for another object.
        self._sorted: dict[int, tuple[Floats, Integers]] = {}

    def find(self, signal: Floats, count: int, within: slice = EVERYWHERE) -> Integers:
        """Return the same positions as `top`."""
        all_positions = range(len(signal))
        if count > MAX_RANKED or all_positions[within] != all_positions:
            return top(signal, count, within, tie_breaker=self._tie_breaker)
        if id(signal) not in self._sorted:
            self._sorted[id(signal)] = signal, top(signal, MAX_RANKED, tie_breaker=self._tie_breaker)
        return self._sorted[id(signal)][1][:count]


def _descending(numbers: Floats) -> Integers:
    return np.argsort(-numbers, kind="stable")


def _at_least_the_largest(numbers: Floats, count: int, *, above: float) -> Integers:
    """Return the positions of the `count` largest numbers above `above`, of all equal numbers, and of a few others."""
    groups = len(numbers) // GROUP_SIZE
    if 0 < count <= groups:
        # For so few numbers, np.sort needs a tenth of the time of np.partition.
        group_maxima = np.sort(numbers[: groups * GROUP_SIZE].reshape(GROUP_SIZE, groups).max(axis=0))
        # At least `count` numbers are this large, so smaller numbers are not among the largest.
        if group_maxima[-count] > above:
            return np.flatnonzero(numbers >= group_maxima[-count])
    return np.flatnonzero(numbers > above)
