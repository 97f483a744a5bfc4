"""States of conversations that were read before, so that their beginnings need not be evaluated again."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np


class Prefix(NamedTuple):
    """The state of a model after it has read `tokens`, as bytes."""

    tokens: np.ndarray
    state: np.ndarray


class PrefixStore:
    """At most `capacity` bytes of states; the least recently used go first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._prefixes: OrderedDict[bytes, Prefix] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._prefixes)

    def takes(self, size: int) -> bool:
        """True where a state of this many bytes may be kept at all."""
        return size <= self._capacity

    def keep(self, tokens: list[int], state: np.ndarray) -> None:
        """Keep a state in place of those of its own beginnings."""
        new_tokens = np.asarray(tokens, dtype=np.int32)
        for key, (stored_tokens, _) in list(self._prefixes.items()):
            if common_length(stored_tokens, new_tokens) == len(stored_tokens):
                self._drop(key)
        self._prefixes[new_tokens.tobytes()] = Prefix(new_tokens, state)
        self.size += state.nbytes
        while self.size > self._capacity:
            self._drop(next(iter(self._prefixes)))

    def longest(self, tokens: list[int], *, more_than: int) -> Prefix | None:
        """The state that shares the longest beginning with `tokens`, if over `more_than`; this counts as its use."""
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
    """How many tokens two sequences have in common at their beginning."""
    length = min(len(one), len(other))
    differing = np.flatnonzero(one[:length] != other[:length])
    return int(differing[0]) if len(differing) else length
