"""The topic memory."""

import numpy as np

from appliance.infrastructure.arrays import Floats, Rows
from appliance.scripture.search.ranking.memory import neighbour_centroid, remember

RANDOM = np.random.default_rng(4)


def unit(rows: int) -> Floats:
    vectors = RANDOM.standard_normal((rows, 384)).astype(np.float32)
    normalized: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized


VERSES, TOPICS = unit(200), unit(3)
ROWS = Rows(VERSES)
MEMORY = remember(
    TOPICS, np.array([0, 0, 1, 2]), np.array([5, 6, 7, 5]), np.array([4.0, 2.0, 3.0, 1.0], dtype=np.float32), ROWS
)


def test_the_vector_of_a_topic_recalls_its_voted_verses() -> None:
    recalled = MEMORY.recall(TOPICS[1], neighbour_centroid(VERSES @ TOPICS[1], ROWS))

    assert 7 == int(recalled.ridge.argmax()) == int(recalled.narrow.argmax())
    assert 1 == recalled.nearest
    assert recalled.likeness > 0.99


def test_verses_without_votes_get_zero() -> None:
    recalled = MEMORY.recall(TOPICS[0], neighbour_centroid(VERSES @ TOPICS[0], ROWS))

    assert {5, 6, 7} == set(np.flatnonzero(recalled.ridge).tolist())
    assert frozenset({5, 6}) == MEMORY.voted_for(0)


def test_gains_add_up_over_topics() -> None:
    assert [5.0, 2.0, 3.0] == MEMORY.gain_sums[5:8].tolist()
    assert [2.0, 1.0, 1.0] == MEMORY.times_voted[5:8].tolist()


def test_add_up_at_gives_the_same_sums_as_add_up() -> None:
    weights = np.array([0.5, 0.25, 2.0], dtype=np.float32)
    positions = np.array([7, 0, 5, 199, 6, 5])

    sums = MEMORY.by_verse.add_up_at(weights, positions)

    assert MEMORY.by_verse.add_up(weights, 200)[positions].tolist() == sums.tolist()
    assert [0.0, 0.0] == MEMORY.by_verse.add_up_at(weights, np.array([0, 1])).tolist()


def test_the_wide_kernel_also_uses_topics_that_are_not_the_nearest() -> None:
    recalled = MEMORY.recall(TOPICS[1], neighbour_centroid(VERSES @ TOPICS[1], ROWS))

    assert MEMORY.wide(recalled, np.array([5]))[0] > recalled.narrow[5]
