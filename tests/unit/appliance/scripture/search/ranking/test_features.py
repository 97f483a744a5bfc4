"""The features of verses, computed by hand for a library of six verses: four in the first chapter, two in the second."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from fakes.ranking import SIZE, TEXTS, small_knowledge, small_memory
from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.features import Features, candidate_positions
from appliance.scripture.search.ranking.knowledge import Knowledge, Verses
from appliance.scripture.search.ranking.learned import RANKER, SHIPPED, load_learned
from appliance.scripture.search.ranking.memory import Recalled
from appliance.scripture.search.ranking.ragged import ragged
from appliance.scripture.search.ranking.signals import Signals, TopicSignals
from appliance.scripture.search.ranking.top import TopFinder

EVERY = np.arange(SIZE)
BELOW_ALL_RANKS = 401
# The signals from which the candidates of a query are chosen.
CHOOSING = ("fused", "adapted", "comments", "linked_once_or_twice", "by_topics", "headword_sum", "words_sum", "meaning")


def row(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


def zeros(size: int = SIZE) -> Floats:
    return np.zeros(size, dtype=np.float32)


def topic_signals(size: int = SIZE, **given_signals: Floats) -> TopicSignals:
    """Signals of topics that are 0 unless they are given."""
    names = [name for name in TopicSignals.__struct_fields__ if name != "matching"]
    signals = {name: zeros(size) for name in names} | given_signals
    return TopicSignals(matching=np.zeros(0, dtype=np.int64), **signals)


def signals_of(size: int = SIZE, **given_signals: Floats) -> Signals:
    """Signals that are 0 unless they are given, without the memory."""
    topics = {
        name: given_signals.pop(name) for name in ("headword_sum", "words_sum", "meaning") if name in given_signals
    }
    names = ("cosine adapted fused comments by_topics linked linked_twice linked_once_or_twice recalled_linked").split()
    arrays = {name: zeros(size) for name in names} | given_signals
    return Signals(
        words=[zeros(size), zeros(size)],
        topics=topic_signals(size, **topics),
        recalled=None,
        query_words=0,
        top_finder=TopFinder(arrays["cosine"]),
        **arrays,
    )


def with_memory(signals: Signals, ridge: Floats, narrow: Floats, likeness: float = 0.5) -> Signals:
    recalled = Recalled(ridge, narrow, topic_cosines=row(0.5, 0.5), nearest=0, likeness=likeness)
    return msgspec.structs.replace(signals, recalled=recalled)


def features(signals: Signals, positions: Sequence[int] = tuple(range(SIZE))) -> dict[str, list[float]]:
    """The features of verses by name, rounded to four digits."""
    memory = small_memory() if signals.recalled else None
    aspects = np.arange(2 * SIZE, dtype=np.float32).reshape(SIZE, 2)
    columns, table = Features(small_knowledge(), aspects, memory).table(signals, np.array(positions, dtype=np.int64))
    assert table.shape == (len(positions), len(columns))
    return {name: [round(float(value), 4) for value in table[:, number]] for number, name in enumerate(columns)}


def test_word_scores_of_both_translations_are_absolute_and_relative_to_the_best_verse() -> None:
    signals = msgspec.structs.replace(signals_of(), words=[row(0, 2, 0, 4, 0, 0), row(0, 0, 1, 0, 0, 0)], query_words=3)
    columns = features(signals)

    assert [0, 2, 0, 4, 0, 0] == columns["words"]
    assert [0, 0.5, 0, 1, 0, 0] == columns["words_share"]
    assert [0, 0, 1, 0, 0, 0] == columns["second_words"] == columns["second_words_share"]
    assert [3] * SIZE == columns["query_words"]


def test_similarities_have_their_distance_from_the_best_verse_and_their_rank() -> None:
    columns = features(
        signals_of(cosine=row(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), adapted=row(0.6, 0.5, 0.4, 0.3, 0.2, 0.1)), [0, 4, 5]
    )

    assert [0.1, 0.5, 0.6] == columns["cosine"]
    assert [0.5, 0.1, 0] == columns["cosine_below_best"]
    assert [6, 2, 1] == columns["cosine_rank"]
    assert [0.6] * 3 == columns["best_cosine"]
    assert [0, 0.4, 0.5] == columns["adapted_below_best"]
    assert [1, 5, 6] == columns["adapted_rank"]


def test_verses_without_a_signal_share_the_last_rank() -> None:
    columns = features(signals_of(fused=row(0, 0.03, 0.01, 0.02, 0, 0)))

    assert [BELOW_ALL_RANKS, 1, 3, 2, BELOW_ALL_RANKS, BELOW_ALL_RANKS] == columns["fused_rank"]


def test_verses_after_the_first_400_share_the_last_rank() -> None:
    size = 500
    fused = np.arange(size, 0, -1).astype(np.float32)
    positions = np.array([0, 398, 399, 400, 499])
    columns, table = Features(chapter_of_verses(size), zeros(size)[:, None], None).table(
        signals_of(size, fused=fused), positions
    )

    assert [1, 399, 400, BELOW_ALL_RANKS, BELOW_ALL_RANKS] == table[:, columns.index("fused_rank")].tolist()


def chapter_of_verses(size: int) -> Knowledge:
    """The knowledge of a library with one chapter, without links and citations."""
    knowledge, none = small_knowledge(), np.zeros(0, dtype=np.int64)
    verses = Verses(
        verse_ids=np.arange(size),
        lengths=zeros(size),
        books=zeros(size),
        chapter_of=np.zeros(size, dtype=np.int64),
        chapter_starts=np.array([0]),
        chapter_lengths=row(size),
    )
    headings = msgspec.structs.replace(knowledge.headings, topics_of=ragged(size, none, none))
    return msgspec.structs.replace(knowledge, verses=verses, headings=headings).without_links()


def test_a_signal_that_is_zero_everywhere_has_no_share() -> None:
    columns = features(signals_of())

    shares = [name for name in columns if name.endswith("_share")]
    assert {name: [0.0] * SIZE for name in shares} == {name: columns[name] for name in shares}


def test_neighbours_are_the_verses_beside_a_verse_across_chapters() -> None:
    signals = msgspec.structs.replace(
        signals_of(cosine=row(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)), words=[row(0, 2, 0, 4, 0, 0), row(0, 0, 1, 0, 0, 0)]
    )
    columns = features(signals)

    assert [0.1, 0.2, 0.3, 0.4, 0.5, 0.25] == columns["cosine_beside"]
    # (0.2 + 0.3) / 4, (0.1 + 0.3 + 0.4) / 4, (0.1 + 0.2 + 0.4 + 0.5) / 4, …
    assert [0.125, 0.2, 0.3, 0.4, 0.325, 0.225] == columns["cosine_near"]
    # The words of both translations together are 0, 2, 1, 4, 0, 0.
    assert [1, 0.5, 3, 0.5, 2, 0] == columns["words_beside"]


def test_the_mean_of_a_chapter_is_that_of_all_its_verses() -> None:
    signals = msgspec.structs.replace(
        signals_of(
            cosine=row(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), adapted=row(1, 0, 0, 0, 0, 1), meaning=row(0, 0, 4, 0, 0, 0)
        ),
        words=[row(0, 2, 0, 4, 0, 0), row(0, 0, 1, 0, 0, 0)],
    )
    columns = features(signals, [0, 3, 4])

    assert [0.25, 0.25, 0.55] == columns["cosine_chapter"]
    assert [1.75, 1.75, 0] == columns["words_chapter"]
    assert [0.25, 0.25, 0.5] == columns["adapted_chapter"]
    assert [1, 1, 0] == columns["heading_meaning_chapter"]


def test_topics_are_compared_by_words_meaning_and_headword() -> None:
    topics = topic_signals(
        words=row(0, 3, 0, 6, 0, 0),
        words_sum=row(0, 1, 0, 2, 0, 0),
        cosine=row(0.2, 0.4, 0, 0, 0, 0),
        meaning=row(0, 5, 2, 0, 0, 0),
        meaning_linked=row(0, 0, 0, 0, 0, 7),
        headword=row(0, 0.5, 0.25, 0, 0, 0),
        headword_sum=row(0, 0, 8, 0, 4, 0),
        see_also=row(0, 0, 0, 0, 0.5, 0),
    )
    columns = features(msgspec.structs.replace(signals_of(by_topics=row(9, 0, 0, 0, 0, 0)), topics=topics), [1, 3, 4])

    assert ([3, 6, 0], [0.5, 1, 0]) == (columns["heading_words"], columns["heading_words_share"])
    assert ([1, 2, 0], [2, 1, BELOW_ALL_RANKS]) == (columns["heading_words_sum"], columns["heading_words_rank"])
    assert ([0.4, 0, 0], [1, 0, 0]) == (columns["heading_cosine"], columns["heading_cosine_share"])
    assert ([5, 0, 0], [1, BELOW_ALL_RANKS, BELOW_ALL_RANKS]) == (
        columns["heading_meaning"],
        columns["heading_meaning_rank"],
    )
    assert ([0.5, 0, 0], [0.5] * 3) == (columns["headword"], columns["best_headword"])
    assert ([0, 0, 4], [2, 2, 2]) == (columns["headword_sum"], columns["headword_chapter"])
    assert ([0.4] * 3, [0, 0, 0.5]) == (columns["best_heading_cosine"], columns["see_also"])
    assert ([0, 0, 0], [BELOW_ALL_RANKS] * 3) == (columns["by_topics"], columns["by_topics_rank"])


def test_links_are_ranked_by_one_and_two_cross_references_together() -> None:
    once, twice = row(0, 3, 0, 1, 0, 0), row(0, 0, 0, 4, 0, 2)
    columns = features(signals_of(linked=once, linked_twice=twice, linked_once_or_twice=once + twice))

    assert once.tolist() == columns["linked"]
    assert twice.tolist() == columns["linked_twice"]
    assert [BELOW_ALL_RANKS, 2, BELOW_ALL_RANKS, 1, BELOW_ALL_RANKS, 3] == columns["linked_rank"]
    assert [1, 0, 0, 0, 0, 1] == columns["links"]


def test_a_verse_has_its_book_length_chapter_citations_and_aspects() -> None:
    columns = features(signals_of(), [1, 5])

    assert [1, 1] == columns["book"]
    assert [len(TEXTS[1]), len(TEXTS[5])] == columns["verse_length"]
    assert [4, 2] == columns["chapter_length"]
    assert [1, 1] == columns["times_cited"]
    assert ([2, 10], [3, 11]) == (columns["aspect_0"], columns["aspect_1"])


def test_the_memory_adds_what_it_recalls() -> None:
    signals = with_memory(
        signals_of(recalled_linked=row(0, 0, 5, 0, 0, 0)), row(0, 0.5, 0, 2, -1, 0), row(0, 0, 0, 4, 0, 1)
    )
    columns = features(signals)

    assert [0, 0.5, 0, 2, -1, 0] == columns["memory"]
    assert [0, 0.25, 0, 1, -0.5, 0] == columns["memory_share"]
    assert [BELOW_ALL_RANKS, 2, BELOW_ALL_RANKS, 1, BELOW_ALL_RANKS, BELOW_ALL_RANKS] == columns["memory_rank"]
    assert [2] * SIZE == columns["best_memory"]
    assert [0, 0, 0, 1, 0, 0.25] == columns["memory_narrow_share"]
    assert [0.5] * SIZE == columns["nearest_topic"]
    # The better of the two verses beside a verse.
    assert [0.5, 0, 2, 0, 2, 0] == columns["memory_beside"]
    assert [0.625] * 4 + [-0.5] * 2 == columns["memory_chapter"]
    assert ([0, 0, 5, 0, 0, 0], 1) == (columns["memory_linked"], columns["memory_linked_rank"][2])
    # The two topics are equally near, so each has half of the weight.
    assert [0.5, 0, 0, 2, 0, 0] == columns["memory_wide"]
    assert ([1, 0, 0, 4, 0, 0], [1, 0, 0, 1, 0, 0]) == (columns["gained"], columns["times_voted"])


def test_without_a_memory_there_are_no_features_of_it() -> None:
    assert [] == [name for name in features(signals_of()) if "memory" in name or "voted" in name]


def test_no_verses_have_no_rows() -> None:
    assert {0} == {len(values) for values in features(signals_of(cosine=row(1, 0, 0, 0, 0, 0)), []).values()}


def test_the_shipped_trees_were_trained_on_the_features_of_this_version() -> None:
    learned = load_learned(SHIPPED / RANKER)
    aspects = np.zeros((SIZE, learned.adapter.axes.shape[1]), dtype=np.float32)
    columns, _ = Features(small_knowledge(), aspects, small_memory()).table(
        with_memory(signals_of(), zeros(), zeros()), EVERY
    )

    assert learned.columns == columns


signal_values = st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE)


@given(
    st.lists(signal_values, min_size=len(CHOOSING), max_size=len(CHOOSING)),
    st.none() | st.tuples(signal_values, signal_values),
)
def test_the_best_verses_of_each_signal_are_candidates_in_canonical_order(
    values: list[list[int]], recalled: tuple[list[int], list[int]] | None
) -> None:
    signals = signals_of(SIZE, **{name: row(*numbers) for name, numbers in zip(CHOOSING, values, strict=True)})
    if recalled is not None:
        ridge, linked = (row(*numbers) for numbers in recalled)
        values, signals = [*values, *recalled], with_memory(signals, ridge, zeros())
        signals = msgspec.structs.replace(signals, recalled_linked=linked)

    assert [
        position for position in range(SIZE) if any(numbers[position] > 0 for numbers in values)
    ] == candidate_positions(signals).tolist()


@given(st.integers(0, SIZE), st.integers(0, SIZE))
def test_candidates_are_only_inside_the_range_of_the_search(start: int, end: int) -> None:
    signals = signals_of(fused=np.ones(SIZE, dtype=np.float32), comments=row(0, 1, 0, 0, 1, 0))

    assert list(range(start, end)) == candidate_positions(signals, slice(start, end)).tolist()


@pytest.mark.parametrize("name", CHOOSING)
def test_a_signal_of_many_verses_adds_only_its_best_ones(name: str) -> None:
    descending = np.arange(500, 0, -1).astype(np.float32)
    candidates = candidate_positions(signals_of(500, **{name: descending})).tolist()

    assert list(range(len(candidates))) == candidates
    assert 20 < len(candidates) < 120
