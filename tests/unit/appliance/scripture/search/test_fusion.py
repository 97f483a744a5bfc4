"""Reciprocal rank fusion."""

from appliance.scripture.search.fusion import RRF_K, fuse


def test_a_verse_that_both_rankings_contain_comes_first() -> None:
    assert [2, 1, 3] == [verse_id for verse_id, _ in fuse([1, 2], [2, 3])]


def test_the_score_is_the_sum_of_reciprocal_ranks() -> None:
    ((_, score),) = fuse([7], [7])

    assert 2 / (RRF_K + 1) == score


def test_ties_are_in_canonical_order() -> None:
    assert [3, 9] == [verse_id for verse_id, _ in fuse([9], [3])]
