"""An embedding adapter moves the vector of a query towards the verses that answer the query.

Cosine similarity only finds verses that are worded like the query. The adapter is a bilinear form. It is learned from topics
and the verses with votes for them, by ridge regression of the votes of every verse on every topic. The axes are the
directions in which verses differ most.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats

AXES = 8
TOPIC_RIDGE = VERSE_RIDGE = 1.0
# The spread of scores is measured with every 10th topic. This is enough to balance the two parts of the matrix.
SAMPLE_STEP = 10


class EmbeddingAdapter(msgspec.Struct, frozen=True):
    """`matrix` moves a query's vector and has the shape (dimensions, dimensions). `axes` has the shape (dimensions, AXES)."""

    matrix: Floats
    axes: Floats


def fit_adapter(topics: Floats, votes: Sequence[dict[int, float]], verses: Floats) -> EmbeddingAdapter:
    """Fit an adapter. `topics` are the vectors of topics, and `verses` the vectors of all verses.

    For each topic, `votes` has the gains of verses by position.
    """
    dimensions = topics.shape[1]
    voted = np.stack([_weighted_sum(verses, gains) for gains in votes])
    by_topic = np.linalg.solve(topics.T @ topics + TOPIC_RIDGE * np.eye(dimensions), topics.T @ voted)
    form = np.linalg.solve(verses.T @ verses + VERSE_RIDGE * np.eye(dimensions), by_topic.T)
    sample = topics[::SAMPLE_STEP].T
    balance = (verses @ sample).std(axis=0).mean() / (verses @ (form @ sample)).std(axis=0).mean()
    centred = verses - verses.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    # The cosine part and the learned part have equal weight.
    matrix = np.eye(dimensions) + form * balance
    return EmbeddingAdapter(matrix.astype(np.float32), directions[:, ::-1][:, :AXES].astype(np.float32))


def _weighted_sum(verses: Floats, gains: dict[int, float]) -> Floats:
    positions = np.fromiter(gains.keys(), dtype=np.int64, count=len(gains))
    weights = np.fromiter(gains.values(), dtype=np.float32, count=len(gains))
    return weights @ verses[positions]
