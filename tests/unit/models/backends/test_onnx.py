"""The forward passes of the ONNX backend: which texts share one."""

from hypothesis import given
from hypothesis import strategies as st

from models.backends.onnx import BATCH_TOKENS, PASS_TOKENS, batches


@given(st.lists(st.integers(1, BATCH_TOKENS), max_size=200))
def test_every_text_is_in_one_pass_and_no_pass_is_too_large_or_has_much_padding(lengths: list[int]) -> None:
    passes = list(batches(lengths))

    assert sorted(index for batch in passes for index in batch) == list(range(len(lengths)))
    for batch in passes:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == 1 or len(batch) * longest <= BATCH_TOKENS
        assert sum(longest - lengths[index] for index in batch) <= PASS_TOKENS


def test_short_texts_do_not_wait_for_long_ones() -> None:
    assert [[0, 2, 4], [1, 3]] == list(batches([5, 40, 5, 40, 6]))
