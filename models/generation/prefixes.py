"""Stored states of earlier conversations. A new prompt with the same beginning continues from such a state."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np


class Prefix(NamedTuple):
    """The state of a model, as bytes, after the model has read `tokens`."""

    tokens: np.ndarray
    state: np.ndarray


class PrefixStore:
    """Stores at most `capacity` bytes of states. The least recently used states are removed first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._prefixes: OrderedDict[bytes, Prefix] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._prefixes)

    def takes(self, size: int) -> bool:
        """Return whether a state of this many bytes fits into the store."""
        return size <= self._capacity

    def keep(self, tokens: list[int], state: np.ndarray) -> None:
        """Store a state. It replaces stored states whose tokens are the beginning of `tokens`."""
        new_tokens = np.asarray(tokens, dtype=np.int32)
        for key, (stored_tokens, _) in list(self._prefixes.items()):
            if common_length(stored_tokens, new_tokens) == len(stored_tokens):
                self._drop(key)
        self._prefixes[new_tokens.tobytes()] = Prefix(new_tokens, state)
        self.size += state.nbytes
        while self.size > self._capacity:
            self._drop(next(iter(self._prefixes)))

    def longest(self, tokens: list[int], *, more_than: int) -> Prefix | None:
        """Return the stored state that shares the longest beginning with `tokens`, and mark it as used.

        Returns None if this beginning has at most `more_than` tokens.
        """
        new_tokens = np.asarray(tokens, dtype=np.int32)
        lengths = {key: common_length(prefix.tokens, new_tokens) for key, prefix in self._prefixes.items()}
        best = max(lengths, key=lengths.__getitem__, default=None)
        if best is None or lengths[best] <= more_than:
            return None
        self._prefixes.move_to_end(best)
        return self._prefixes[best]

    def _drop(self, key: bytes) -> None:
        self.size -= self._prefixes.pop(key).state.nbytes


def common_length(one: np.ndarray, other: np.ndarray) -> int:
    """Return the length of the common beginning of two token sequences."""
    length = min(len(one), len(other))
    differing = np.flatnonzero(one[:length] != other[:length])
    return int(differing[0]) if len(differing) else length
