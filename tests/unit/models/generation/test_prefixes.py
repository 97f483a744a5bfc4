"""The store of conversation states: limited in size, and searched by their beginnings."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.generation.prefixes import PrefixStore, common_length

sequences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), max_size=20)


def state(size: int) -> np.ndarray:
    return np.zeros(size, np.uint8)


@given(sequences, st.integers(0, 60))
def test_the_store_never_exceeds_its_capacity(token_lists: list[list[int]], capacity: int) -> None:
    store = PrefixStore(capacity)
    for tokens in token_lists:
        size = 3 * len(tokens)
        if store.takes(size):
            store.keep(tokens, state(size))

        assert store.size <= capacity


def test_the_longest_beginning_is_found() -> None:
    store = PrefixStore(1000)
    store.keep([1, 2, 3, 4], state(4))
    store.keep([1, 2, 9, 9, 9], state(5))

    prefix = store.longest([1, 2, 3, 7], more_than=2)
    assert prefix is not None
    assert [1, 2, 3, 4] == prefix.tokens.tolist()
    assert store.longest([1, 2, 3, 7], more_than=3) is None
    assert store.longest([8], more_than=0) is None


def test_a_state_replaces_the_states_of_its_own_beginnings() -> None:
    store = PrefixStore(1000)
    store.keep([1, 2], state(2))
    store.keep([1, 2, 3], state(3))

    assert (1, 3) == (len(store), store.size)


def test_the_least_recently_used_state_is_removed_first() -> None:
    store = PrefixStore(20)
    store.keep([1, 1], state(10))
    store.keep([2, 2], state(10))
    store.longest([1, 1], more_than=0)
    store.keep([3, 3], state(10))

    assert store.longest([2, 2], more_than=0) is None
    assert store.longest([1, 1], more_than=0) is not None


def test_common_length() -> None:
    one, other = np.array([1, 2, 3]), np.array([1, 2, 4, 5])

    assert (2, 3, 0) == (common_length(one, other), common_length(one, one), common_length(one, np.array([], int)))
