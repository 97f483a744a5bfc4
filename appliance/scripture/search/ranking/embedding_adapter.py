"""How the vectors of an embedding model are looked through: what of a likeness makes a verse an answer.

Cosine tells what sounds alike. The adapter is a bilinear form learned from topics and the verses voted for, by ridge
regression of the votes of every verse on every topic; the axes are the directions in which verses differ most.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats

AXES = 8
TOPIC_RIDGE = VERSE_RIDGE = 1.0
# Topics among which the spread of scores is measured: enough to level the two halves of the matrix.
SAMPLE_STEP = 10


class EmbeddingAdapter(msgspec.Struct, frozen=True):
    """`matrix` moves a query's vector to where the answers are, shape (dimensions, dimensions); `axes` (dimensions, AXES)."""

    matrix: Floats
    axes: Floats


def fit_adapter(topics: Floats, votes: Sequence[dict[int, float]], verses: Floats) -> EmbeddingAdapter:
    """Of topics' vectors, the gains of verses by position for each, and all verses' vectors."""
    dimensions = topics.shape[1]
    voted = np.stack([_sum(verses, each) for each in votes])
    by_topic = np.linalg.solve(topics.T @ topics + TOPIC_RIDGE * np.eye(dimensions), topics.T @ voted)
    form = np.linalg.solve(verses.T @ verses + VERSE_RIDGE * np.eye(dimensions), by_topic.T)
    sample = topics[::SAMPLE_STEP].T
    level = (verses @ sample).std(axis=0).mean() / (verses @ (form @ sample)).std(axis=0).mean()
    centred = verses - verses.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    # Cosine and the learned form count the same.
    matrix = np.eye(dimensions) + form * level
    return EmbeddingAdapter(matrix.astype(np.float32), directions[:, ::-1][:, :AXES].astype(np.float32))


def _sum(verses: Floats, gains: dict[int, float]) -> Floats:
    positions = np.fromiter(gains.keys(), dtype=np.int64, count=len(gains))
    weights = np.fromiter(gains.values(), dtype=np.float32, count=len(gains))
    return weights @ verses[positions]
