"""The largest numbers of a signal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.top import GROUP_SIZE, MAX_RANKED, TopFinder, largest, top

# Few different numbers, so that many are equal. The lengths are long enough for groups, or too short.
NUMBERS = arrays(np.float32, st.integers(0, 20 * GROUP_SIZE), elements=st.sampled_from([-1.5, -1, 0, 0.25, 0.5, 1, 2]))
COUNTS = st.integers(1, 24)
SEEDS = st.integers(0, 2**32)
PART = st.tuples(st.integers(0, 700), st.integers(0, 700)).map(lambda ends: slice(*ends))


def tie_breakers(length: int, seed: int) -> Floats:
    return (np.random.default_rng(seed).integers(-99, 100, length) / 100).astype(np.float32)


@settings(max_examples=50)
@given(NUMBERS, COUNTS)
def test_largest_gives_the_same_as_a_full_sort(numbers: Floats, count: int) -> None:
    assert largest(numbers, count).tolist() == np.argsort(-numbers, kind="stable")[:count].tolist()


@settings(max_examples=50)
@given(NUMBERS, COUNTS, PART)
def test_top_ignores_numbers_that_are_not_positive_or_outside_the_part(
    numbers: Floats, count: int, part: slice
) -> None:
    inside = range(len(numbers))[part]
    expected = [
        index for index in np.argsort(-numbers, kind="stable").tolist() if numbers[index] > 0 and index in inside
    ]
    assert top(numbers, count, part).tolist() == expected[:count]


@settings(max_examples=50)
@given(NUMBERS, COUNTS, SEEDS)
def test_equal_numbers_are_ordered_by_the_tie_breaker(numbers: Floats, count: int, seed: int) -> None:
    tie_breaker = tie_breakers(len(numbers), seed)
    expected = [index for index in np.lexsort((-tie_breaker, -numbers)).tolist() if numbers[index] > 0]
    assert top(numbers, count, tie_breaker=tie_breaker).tolist() == expected[:count]


@pytest.mark.parametrize("number", [1, 1.5, 3e-20, 2e20])
def test_the_tie_breaker_does_not_change_the_order_of_adjacent_numbers(number: float) -> None:
    larger = np.float32(number)
    numbers = np.array([np.nextafter(larger, np.float32(0)), larger], dtype=np.float32)
    assert top(numbers, 2, tie_breaker=np.array([1, -1], dtype=np.float32)).tolist() == [1, 0]


def test_equal_numbers_without_a_tie_breaker_are_ordered_by_position() -> None:
    numbers = np.ones(100 * GROUP_SIZE, dtype=np.float32)
    assert top(numbers, 3).tolist() == [0, 1, 2]
    assert top(numbers, 3, slice(50, None)).tolist() == [50, 51, 52]


def test_top_of_zeros_and_of_an_empty_signal_is_empty() -> None:
    assert top(np.zeros(100 * GROUP_SIZE, dtype=np.float32), 10).tolist() == []
    assert top(np.zeros(0, dtype=np.float32), 10).tolist() == []


@settings(max_examples=30)
@given(NUMBERS, st.lists(st.tuples(st.integers(1, 2 * MAX_RANKED), PART), min_size=1), SEEDS)
def test_a_top_finder_gives_the_same_as_top_for_repeated_calls(
    numbers: Floats, calls: list[tuple[int, slice]], seed: int
) -> None:
    tie_breaker = tie_breakers(len(numbers), seed)
    finder = TopFinder(tie_breaker)
    for count, part in [(1, slice(None)), *calls, (MAX_RANKED, slice(None))]:
        assert finder.find(numbers, count, part).tolist() == top(numbers, count, part, tie_breaker=tie_breaker).tolist()


def test_a_top_finder_distinguishes_signals_that_are_created_and_dropped_in_turn() -> None:
    finder = TopFinder(np.zeros(4, dtype=np.float32))
    positions = [finder.find(np.eye(4, dtype=np.float32)[row], 1).tolist() for row in range(4)]
    assert [[0], [1], [2], [3]] == positions
