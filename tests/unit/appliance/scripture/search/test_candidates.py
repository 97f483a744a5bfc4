"""Explanations and notices of candidates."""

from appliance.scripture.search.candidates import Candidates, explain_by_ranks
from appliance.scripture.search.hits import Why


def test_ranks_start_at_one_in_each_list() -> None:
    why = explain_by_ranks([11, 12], [(12, 0.912345), (13, 0.5)])([11, 12, 13, 14])

    assert [Why(keyword_rank=1), Why(2, 1, 0.9123), Why(semantic_rank=2, similarity=0.5), Why()] == list(why.values())


def test_notices_are_joined_in_order() -> None:
    candidates = Candidates(ranked=[], explain=explain_by_ranks())

    assert candidates.with_notice(None).notice is None
    assert "One. Two." == candidates.with_notice("One.").with_notice("Two.").with_notice(None).notice
