"""The largest numbers of a signal."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.top import GROUP_SIZE, MAX_RANKED, Best, largest, top

# Few different numbers, so that many are equal; of lengths for which groups are and are not compared first.
NUMBERS = arrays(np.float32, st.integers(0, 20 * GROUP_SIZE), elements=st.sampled_from([-1.5, -1, 0, 0.25, 0.5, 1, 2]))
COUNTS = st.integers(1, 24)
PART = st.tuples(st.integers(0, 700), st.integers(0, 700)).map(lambda ends: slice(*ends))


def tie_breakers(length: int, random: Random) -> Floats:
    return np.array([random.randint(-99, 99) / 100 for _ in range(length)], dtype=np.float32)


@given(NUMBERS, COUNTS)
def test_largest_finds_the_same_as_sorting_all(numbers: Floats, count: int) -> None:
    assert largest(numbers, count).tolist() == np.argsort(-numbers, kind="stable")[:count].tolist()


@given(NUMBERS, COUNTS, PART)
def test_top_ignores_numbers_that_are_not_positive_or_not_in_the_part(numbers: Floats, count: int, part: slice) -> None:
    inside = range(len(numbers))[part]
    expected = [at for at in np.argsort(-numbers, kind="stable").tolist() if numbers[at] > 0 and at in inside]
    assert top(numbers, count, part).tolist() == expected[:count]


@given(NUMBERS, COUNTS, st.randoms(use_true_random=False))
def test_equal_numbers_are_ordered_by_the_tie_breaker(numbers: Floats, count: int, random: Random) -> None:
    tie_breaker = tie_breakers(len(numbers), random)
    expected = [at for at in np.lexsort((-tie_breaker, -numbers)).tolist() if numbers[at] > 0]
    assert top(numbers, count, tie_breaker=tie_breaker).tolist() == expected[:count]


@pytest.mark.parametrize("number", [1, 1.5, 3e-20, 2e20])
def test_the_tie_breaker_does_not_change_the_order_of_the_nearest_numbers(number: float) -> None:
    larger = np.float32(number)
    numbers = np.array([np.nextafter(larger, np.float32(0)), larger], dtype=np.float32)
    assert top(numbers, 2, tie_breaker=np.array([1, -1], dtype=np.float32)).tolist() == [1, 0]


def test_equal_numbers_without_a_tie_breaker_are_ordered_by_position() -> None:
    numbers = np.ones(100 * GROUP_SIZE, dtype=np.float32)
    assert top(numbers, 3).tolist() == [0, 1, 2]
    assert top(numbers, 3, slice(50, None)).tolist() == [50, 51, 52]


def test_top_of_zeros_and_of_nothing_is_empty() -> None:
    assert top(np.zeros(100 * GROUP_SIZE, dtype=np.float32), 10).tolist() == []
    assert top(np.zeros(0, dtype=np.float32), 10).tolist() == []


@given(
    NUMBERS, st.lists(st.tuples(st.integers(1, 2 * MAX_RANKED), PART), min_size=1), st.randoms(use_true_random=False)
)
def test_best_finds_what_top_finds_however_often_and_deep_it_is_asked(
    numbers: Floats, asked: list[tuple[int, slice]], random: Random
) -> None:
    tie_breaker = tie_breakers(len(numbers), random)
    best = Best(tie_breaker)
    for count, part in [(1, slice(None)), *asked, (MAX_RANKED, slice(None))]:
        assert best.of(numbers, count, part).tolist() == top(numbers, count, part, tie_breaker=tie_breaker).tolist()


def test_best_tells_signals_apart_that_were_made_and_dropped_in_turn() -> None:
    best = Best(np.zeros(4, dtype=np.float32))
    found = [best.of(np.eye(4, dtype=np.float32)[place], 1).tolist() for place in range(4)]
    assert [[0], [1], [2], [3]] == found
