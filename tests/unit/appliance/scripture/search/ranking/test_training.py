"""Folds, and fitting an embedding adapter to votes."""

import numpy as np

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.embedding_adapter import AXES, fit_adapter
from appliance.scripture.search.ranking.training import SAME_MEANING, folds_by_cluster, folds_by_topic


def unit(vectors: Floats) -> Floats:
    normalized: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized.astype(np.float32)


def test_topics_with_the_same_meaning_are_in_the_same_fold() -> None:
    random = np.random.default_rng(2)
    centres = random.standard_normal((40, 384))
    vectors = unit(np.repeat(centres, 3, axis=0) + random.standard_normal((120, 384)) * 0.3)

    folds = folds_by_cluster(vectors, 5)

    is_similar = vectors @ vectors.T >= SAME_MEANING
    assert is_similar.sum() > 300
    assert all((folds[is_similar[topic]] == folds[topic]).all() for topic in range(len(vectors)))
    assert max(np.bincount(folds)) - min(np.bincount(folds)) <= 3


def test_folds_have_equal_sizes_and_are_reproducible() -> None:
    folds = folds_by_topic(103, 5)

    assert [21, 21, 21, 20, 20] == sorted(np.bincount(folds).tolist(), reverse=True)
    assert folds.tolist() == folds_by_topic(103, 5).tolist()


def test_an_embedding_adapter_ranks_voted_verses_better_than_cosine() -> None:
    random = np.random.default_rng(3)
    topics, verses = unit(random.standard_normal((80, 64))), unit(random.standard_normal((300, 64)))
    # The voted verse is the nearest to a rotation of the topic.
    rotation = np.linalg.qr(random.standard_normal((64, 64)))[0]
    voted = [int((verses @ (rotation @ topic)).argmax()) for topic in topics]

    adapter = fit_adapter(topics[:60], [{verse: 1.0} for verse in voted[:60]], verses)

    def rank(topic: int, moved: np.ndarray) -> int:
        scores = verses @ moved
        return int((scores > scores[voted[topic]]).sum())

    with_adapter = np.mean([rank(topic, adapter.matrix @ topics[topic]) for topic in range(60, 80)])
    without = np.mean([rank(topic, topics[topic]) for topic in range(60, 80)])
    assert with_adapter < without * 0.8
    assert (64, AXES) == adapter.axes.shape
