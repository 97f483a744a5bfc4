"""Rows of different lengths in one array."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.ranking.ragged import ragged, ragged_set

ROWS = st.lists(st.lists(st.integers(0, 9)), max_size=8)


@given(ROWS)
def test_each_row_has_its_values(rows: list[list[int]]) -> None:
    pairs = [(number, value) for number, row in enumerate(rows) for value in row]
    of, values = (np.array([pair[part] for pair in pairs], dtype=np.int64) for part in (0, 1))
    wanted = [0, len(rows) - 1, 0] if rows else []

    made, once = ragged(len(rows), of, values), ragged_set(len(rows), of, values)

    assert [len(row) for row in rows] == made.lengths.tolist()
    which, found = made.of(np.array(wanted, dtype=np.int64))
    assert [len(rows[number]) for number in wanted] == made.lengths_of(np.array(wanted, dtype=np.int64)).tolist()
    assert [(place, value) for place, row in enumerate(wanted) for value in rows[row]] == list(
        zip(which.tolist(), found.tolist(), strict=True)
    )
    assert [len(set(row)) for row in rows] == once.lengths.tolist()
