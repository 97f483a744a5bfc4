"""Rows of different lengths in one array."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.ranking.ragged import ragged, ragged_set

ROWS = st.lists(st.lists(st.integers(0, 9)), max_size=8)


@given(ROWS)
def test_each_row_has_its_values(rows: list[list[int]]) -> None:
    pairs = [(number, value) for number, row in enumerate(rows) for value in row]
    row_of, values = (np.array([pair[part] for pair in pairs], dtype=np.int64) for part in (0, 1))
    selected = np.array([0, len(rows) - 1, 0] if rows else [], dtype=np.int64)

    with_duplicates, without_duplicates = ragged(len(rows), row_of, values), ragged_set(len(rows), row_of, values)

    assert [len(row) for row in rows] == with_duplicates.lengths.tolist()
    assert [len(rows[number]) for number in selected] == with_duplicates.lengths_of(selected).tolist()
    row_index, row_values = with_duplicates.values_of(selected)
    assert [(index, value) for index, row in enumerate(selected) for value in rows[row]] == list(
        zip(row_index.tolist(), row_values.tolist(), strict=True)
    )
    assert [len(set(row)) for row in rows] == without_duplicates.lengths.tolist()
