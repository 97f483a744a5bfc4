"""Topics with votes, and how well a ranking of verses fits the votes."""

import math
from pathlib import Path

import pytest
from fakes.osis_texts import import_osis
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import ApplianceError
from appliance.infrastructure.opening import FileRefused
from appliance.scripture.search.hits import Mode
from server.benchmarks.topics import TopicsUnreadable, measure_topics, ndcg, read_topics
from server.bootstrap import Appliance

GENESIS_1 = 1_001_000
GAINS = st.dictionaries(st.integers(1, 20), st.integers(1, 8).map(float), max_size=14)


def topics_of(folder: Path, *lines: str) -> dict[str, dict[int, float]]:
    file = folder / "votes.tsv"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_topics(file)


def test_the_best_ranking_has_an_ndcg_of_1() -> None:
    assert 1.0 == ndcg([7, 8, 9], {7: 3.0, 8: 2.0, 9: 1.0})
    # Verses without votes below the others change nothing.
    assert 1.0 == ndcg([7, 1, 2], {7: 3.0})


def test_a_verse_counts_less_on_a_lower_rank() -> None:
    # The discount of rank n is log2(n + 1): 1 for the first, 2 for the third.
    assert 0.5 == ndcg([1, 2, 7], {7: 4.0})
    best = 2.0 / math.log2(2) + 1.0 / math.log2(3)
    swapped = 1.0 / math.log2(2) + 2.0 / math.log2(3)

    assert pytest.approx(swapped / best) == ndcg([8, 7], {7: 2.0, 8: 1.0})
    assert pytest.approx(0.8597, abs=0.0001) == swapped / best


def test_only_the_first_ten_verses_count() -> None:
    ten_others = list(range(10))

    assert 0.0 == ndcg([*ten_others, 77], {77: 1.0})
    assert 1.0 == ndcg(list(range(10)), dict.fromkeys(range(12), 1.0))


def test_a_search_without_hits_or_a_topic_without_votes_has_an_ndcg_of_0() -> None:
    assert 0.0 == ndcg([], {7: 1.0})
    assert 0.0 == ndcg([7], {})
    assert 0.0 == ndcg([7], {7: 0.0})


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(1, 21)), GAINS)
def test_an_ndcg_is_from_0_to_1_and_no_order_is_better_than_that_of_the_gains(
    ranking: list[int], gains: dict[int, float]
) -> None:
    best = sorted(gains, key=lambda verse: -gains[verse])

    assert 0.0 <= ndcg(ranking, gains) <= 1.0 + 1e-9
    assert pytest.approx(1.0 if gains else 0.0) == ndcg(best, gains)


def test_the_gain_of_a_verse_is_the_logarithm_of_its_votes(tmp_path: Path) -> None:
    topics = topics_of(tmp_path, "lamps\tGen.1.1\t\t7", "lamps\tGen.1.3\tGen.1.3\t1", "oil\tGen.1.2\t\t0")

    assert {"lamps": {GENESIS_1 + 1: 3.0, GENESIS_1 + 3: 1.0}, "oil": {GENESIS_1 + 2: 0.0}} == topics


def test_negative_votes_count_as_none(tmp_path: Path) -> None:
    assert {"oil": {GENESIS_1 + 2: 0.0}} == topics_of(tmp_path, "oil\tGen.1.2\t\t-5")


def test_a_range_counts_for_each_of_its_verses(tmp_path: Path) -> None:
    topics = topics_of(tmp_path, "lamps\tGen.1.3\tGen.1.5\t3")

    assert {"lamps": {GENESIS_1 + verse: 2.0 for verse in (3, 4, 5)}} == topics


def test_a_verse_of_several_ranges_keeps_its_largest_gain(tmp_path: Path) -> None:
    topics = topics_of(tmp_path, "lamps\tGen.1.4\t\t1", "lamps\tGen.1.4\tGen.1.5\t3", "lamps\tGen.1.5\t\t1")

    assert {"lamps": {GENESIS_1 + 4: 2.0, GENESIS_1 + 5: 2.0}} == topics


def test_titles_are_not_verses(tmp_path: Path) -> None:
    assert {"lamps": {19_003_001: 1.0, 19_003_002: 1.0}} == topics_of(tmp_path, "lamps\tPs.3.0\tPs.3.2\t1")


def test_comments_and_blank_lines_are_ignored(tmp_path: Path) -> None:
    assert ["lamps"] == list(topics_of(tmp_path, "# topic\tstart\tend\tvotes", "", "lamps\tGen.1.1\t\t1"))
    assert {} == topics_of(tmp_path)


def test_a_reference_that_is_not_osis_has_no_verses(tmp_path: Path) -> None:
    assert {"lamps": {}} == topics_of(tmp_path, "lamps\tthe lamp psalm\t\t5")


def test_a_verse_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ApplianceError, match="Genesis 1 has no verse 99"):
        topics_of(tmp_path, "lamps\tGen.1.99\t\t5")


@pytest.mark.parametrize(
    "content",
    [
        b"lamps\tGen.1.1\n",
        b"lamps\n",
        b"lamps\tGen.1.1\t\tmany\n",
        b"lamps\tGen.1.1\t\t\n",
        b"\xff\xfe\tGen.1.1\t\t1\n",
    ],
    ids=["no votes", "one column", "votes in words", "empty votes", "not UTF-8"],
)
def test_another_file_is_rejected_with_the_columns_that_it_needs(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "votes.tsv"
    file.write_bytes(content)

    with pytest.raises(TopicsUnreadable, match=r"votes\.tsv is not a list of topics") as error:
        read_topics(file)
    assert "topic, start, end, votes" in error.value.remedy


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        read_topics(tmp_path / "votes.tsv")


def test_a_search_is_compared_with_the_votes(appliance: Appliance, tmp_path: Path) -> None:
    verses = {f"Gen.1.{verse}": f"The lamp of room {verse} burns." for verse in range(1, 13)}
    import_osis(appliance.library, tmp_path, "WEB", verses | {"Gen.2.1": "A harp sounds."})
    steps: list[tuple[int, int]] = []
    topics = {
        "harp": {GENESIS_1 + 1_001: 1.0, GENESIS_1 + 5: 1.0},
        "trumpet": {GENESIS_1 + 1: 1.0},
    }
    measurements = measure_topics(appliance, topics, Mode.KEYWORD, lambda done, total: steps.append((done, total)))
    values = {row.name: row.value for row in measurements}

    # The harp is found first; the other verse of its topic is not found. The trumpet is not found.
    ideal = 1.0 + 1.0 / math.log2(3)
    assert pytest.approx(1.0 / ideal / 2, abs=0.0001) == values["ndcg_at_10"]
    assert (0.25, 0.5, 2.0) == (values["recall_at_100"], values["hit_at_10"], values["topics"])
    assert values["p50_ms"] <= values["p95_ms"]
    assert [(1, 2), (2, 2)] == steps


def test_a_verse_below_the_first_ten_counts_only_for_the_recall(appliance: Appliance, tmp_path: Path) -> None:
    verses = {f"Gen.1.{verse}": "A lamp burns." for verse in range(1, 12)}
    import_osis(appliance.library, tmp_path, "WEB", verses | {"Gen.1.12": f"A lamp burns {'in the hall ' * 20}."})
    measurements = measure_topics(appliance, {"lamp": {GENESIS_1 + 12: 1.0}}, Mode.KEYWORD, lambda _done, _total: None)
    values = {row.name: row.value for row in measurements}

    assert (0.0, 0.0, 1.0) == (values["ndcg_at_10"], values["hit_at_10"], values["recall_at_100"])
