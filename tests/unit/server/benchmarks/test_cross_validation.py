"""The comparison of the learned ranking with and without votes, on topics that it was not trained on."""

from pathlib import Path

import numpy as np
import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.osis_texts import import_osis

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.index import build_index
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.reading import read_knowledge
from appliance.scripture.search.ranking.training import Topics, folds_by_topic
from appliance.scripture.translations import queries
from server.benchmarks.cross_validation import (
    FOLDS,
    Variant,
    dissimilar_topics,
    figures,
    measure_cross_validated,
    topics_by_fold,
)
from server.benchmarks.report import Measurement, plain
from server.bootstrap import Appliance

# Six topics in four directions: the last three have the same meaning.
DIRECTIONS = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 3, 3]]


def vectors(*rows: tuple[float, float]) -> Floats:
    return np.array(rows, dtype=np.float32)


def scores(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


def unlike_known_topics(topics: Floats, no_votes: Floats, with_cross_references: Floats) -> list[Measurement]:
    measured = {"no_votes": no_votes, "with_cross_references": with_cross_references}
    return [row for row in figures(measured, topics) if row.name == "unlike_known_topics"]


def test_a_topic_is_dissimilar_if_no_topic_of_another_fold_is_similar() -> None:
    # The second topic is similar to both others: to the first one with cosine 0.6, to the third one with cosine 0.8.
    topics = vectors((1.0, 0.0), (0.6, 0.8), (0.0, 1.0))

    assert [0] == dissimilar_topics(topics, np.array([0, 0, 1])).tolist()
    assert [2] == dissimilar_topics(topics, np.array([0, 1, 1])).tolist()
    assert [] == dissimilar_topics(topics, np.array([0, 1, 2])).tolist()


def test_topics_of_one_fold_do_not_count_as_similar() -> None:
    assert [0, 1] == dissimilar_topics(vectors((1.0, 0.0), (1.0, 0.0)), np.array([0, 0])).tolist()


@pytest.mark.parametrize(("cosine", "dissimilar"), [(0.49, [0, 1]), (0.5, []), (0.51, [])])
def test_topics_are_similar_from_a_cosine_of_one_half_on(cosine: float, dissimilar: list[int]) -> None:
    topics = vectors((1.0, 0.0), (cosine, (1.0 - cosine**2) ** 0.5))

    assert dissimilar == dissimilar_topics(topics, np.array([0, 1])).tolist()


def test_examples_are_in_the_order_of_the_folds() -> None:
    assert [1, 3, 0, 4, 2] == topics_by_fold(np.array([1, 0, 2, 0, 1]))
    assert [] == topics_by_fold(np.array([], dtype=np.int64))


def test_the_mean_of_each_variant_is_compared_with_its_target() -> None:
    variants = Variant("no_votes", 0.3, remember=False), Variant("shipped", 0.5), Variant("not_measured", 0.1)
    one, two, topics = figures({"no_votes": scores(0.2, 0.4), "shipped": scores(0.6, 0.2)}, np.eye(2), variants)

    assert ("no_votes", 0.3, 0.3) == (one.name, one.value, one.bar)
    assert ("shipped", 0.4, False) == (two.name, two.value, two.holds)
    assert ("topics", 2.0, None) == (topics.name, topics.value, topics.holds)


def test_votes_must_not_make_topics_unlike_all_others_worse() -> None:
    folds = folds_by_topic(len(DIRECTIONS), FOLDS)
    # Each of the equal topics has a similar topic in another fold.
    assert 3 == len(set(folds[3:].tolist()))
    without, better = scores(0.1, 0.2, 0.3, 0.9, 0.9, 0.9), scores(0.2, 0.4, 0.3, 0.0, 0.0, 0.0)
    (good,) = unlike_known_topics(DIRECTIONS, without, better)
    (bad,) = unlike_known_topics(DIRECTIONS, better, without)

    assert (0.3, 0.2, True) == (good.value, round(good.baseline or 0.0, 4), good.holds)
    assert (0.2, 0.3, False) == (bad.value, round(bad.bar or 0.0, 4), bad.holds)


def test_without_dissimilar_topics_they_are_left_out() -> None:
    same = np.ones((6, 1), dtype=np.float32)

    assert [] == unlike_known_topics(same, scores(*[0.1] * 6), scores(*[0.2] * 6))


def test_dissimilar_topics_are_left_out_if_a_variant_was_not_measured() -> None:
    names = [row.name for row in figures({"no_votes": scores(*[0.1] * 6)}, DIRECTIONS)]

    assert ["no_votes", "topics"] == names


@pytest.fixture
def without_cross_references(appliance: Appliance, tmp_path: Path) -> Knowledge:
    """The knowledge from a library with two verses and no cross references."""
    import_osis(appliance.library, tmp_path, "WEB", {"Gen.1.1": "A lamp shone", "Gen.1.2": "The well was deep"})
    embedder = HashedVectors()
    build_index(appliance.library, embedder, "WEB")
    translation = queries.find_translation(appliance.library, "WEB")
    return read_knowledge(appliance.library.reader, translation, None, embedder.model)


def test_a_variant_with_cross_references_needs_cross_references(
    appliance: Appliance, without_cross_references: Knowledge
) -> None:
    topics = Topics(names=["lamp", "well"], vectors=np.eye(2, dtype=np.float32), gains=[{0: 1.0}, {1: 1.0}])
    variants = (Variant("with_cross_references", 0.4),)
    lines: list[str] = []

    assert [plain("topics", 2, "topics")] == measure_cross_validated(
        appliance, without_cross_references, topics, lines.append, variants
    )
    assert [] == lines
