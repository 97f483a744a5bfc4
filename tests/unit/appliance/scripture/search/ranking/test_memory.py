"""A memory of topics."""

import numpy as np

from appliance.infrastructure.arrays import Rows
from appliance.scripture.search.ranking.memory import company_of, remember

RANDOM = np.random.default_rng(4)


def unit(rows: int) -> np.ndarray:
    vectors = RANDOM.standard_normal((rows, 384)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VERSES, TOPICS = unit(200), unit(3)
ROWS = Rows(VERSES)
MEMORY = remember(
    TOPICS, np.array([0, 0, 1, 2]), np.array([5, 6, 7, 5]), np.array([4.0, 2.0, 3.0, 1.0], dtype=np.float32), ROWS
)


def test_what_was_voted_for_a_topic_is_recalled_for_its_own_vector() -> None:
    recalled = MEMORY.recall(TOPICS[1], company_of(VERSES @ TOPICS[1], ROWS))

    assert 7 == int(recalled.ridge.argmax()) == int(recalled.narrow.argmax())
    assert 1 == recalled.nearest
    assert recalled.likeness > 0.99


def test_verses_that_nobody_voted_for_get_nothing() -> None:
    recalled = MEMORY.recall(TOPICS[0], company_of(VERSES @ TOPICS[0], ROWS))

    assert {5, 6, 7} == set(np.flatnonzero(recalled.ridge).tolist())
    assert frozenset({5, 6}) == MEMORY.voted_for(0)


def test_gains_add_up_over_topics() -> None:
    assert [5.0, 2.0, 3.0] == MEMORY.gained[5:8].tolist()
    assert [2.0, 1.0, 1.0] == MEMORY.times_voted[5:8].tolist()
