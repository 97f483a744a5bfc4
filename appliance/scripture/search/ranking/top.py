"""The largest numbers of a signal, found without sorting all of it."""

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers

EVERYWHERE = slice(None)
# Verses below this place all have the same rank.
MAX_RANKED = 400
# Numbers per group. Only the largest of each group are sorted at first. Numbers of a group are far apart in the signal, because
# neighbours, verses of one chapter, are often large together.
GROUP_SIZE = 32
# Unequal numbers of 32 bits differ by at least four times this part of their size.
BELOW_32_BITS = 2.0**-26


def top(signal: Floats, count: int, within: slice = EVERYWHERE, *, tie_breaker: Floats | None = None) -> Integers:
    """The positions of the largest numbers above 0 of a signal of 32 bits, at most `count`, largest first.

    Equal numbers are ordered by `tie_breaker`, from -1 to 1, the larger first, and then by position.
    """
    part = signal[within]
    positions = _at_least_the_largest(part, count, above=0.0)
    numbers = part[positions]
    if tie_breaker is not None:
        # One sort by both: 64 bits have room for the second number below the first.
        numbers = numbers * (1.0 + tie_breaker[within][positions].astype(np.float64) * BELOW_32_BITS)
    return positions[_descending(numbers)[:count]] + (within.start or 0)


def largest(numbers: Floats, count: int) -> Integers:
    """The positions of the largest numbers, at most `count`, largest first; equal ones by position."""
    positions = _at_least_the_largest(numbers, count, above=-np.inf)
    return positions[_descending(numbers[positions])[:count]]


class Best:
    """The best verses by the signals of one query. A signal that is asked for several times is sorted once."""

    def __init__(self, tie_breaker: Floats) -> None:
        """`tie_breaker` is that of `top`."""
        self._tie_breaker = tie_breaker
        # Each signal is kept, so that Python does not give its id to another.
        self._sorted: dict[int, tuple[Floats, Integers]] = {}

    def of(self, signal: Floats, count: int, within: slice = EVERYWHERE) -> Integers:
        """What `top` finds."""
        every = range(len(signal))
        if count > MAX_RANKED or every[within] != every:
            return top(signal, count, within, tie_breaker=self._tie_breaker)
        if id(signal) not in self._sorted:
            self._sorted[id(signal)] = signal, top(signal, MAX_RANKED, tie_breaker=self._tie_breaker)
        return self._sorted[id(signal)][1][:count]


def _descending(numbers: Floats) -> Integers:
    return np.argsort(-numbers, kind="stable")


def _at_least_the_largest(numbers: Floats, count: int, *, above: float) -> Integers:
    """The positions of the `count` largest numbers above one, of all that equal them, and of few others."""
    groups = len(numbers) // GROUP_SIZE
    if 0 < count <= groups:
        # Sorted and not partitioned: NumPy does that in a tenth of the time for so few.
        group_maxima = np.sort(numbers[: groups * GROUP_SIZE].reshape(GROUP_SIZE, groups).max(axis=0))
        # `count` numbers are at least this, so a smaller one is not among the largest.
        if group_maxima[-count] > above:
            return np.flatnonzero(numbers >= group_maxima[-count])
    return np.flatnonzero(numbers > above)
