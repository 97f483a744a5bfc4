"""A memory of topics: what people found helpful for one says much of those that mean nearly the same.

Kernel ridge regression from topics to the votes of every verse: Saunders, Gammerman and Vovk, "Ridge regression learning
algorithm in dual variables", ICML 1998. Two topics are alike by their own vectors, and by the centroids of the
verses that each is nearest to.
"""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers, Rows
from appliance.scripture.search.ranking.ragged import Ragged, ragged, spread
from appliance.scripture.search.ranking.top import largest

# K = NAME_SHARE exp((cosine - 1) / WIDTH) + (1 - NAME_SHARE) exp((cosine of centroids - 1) / CENTROID_WIDTH)
NAME_SHARE, WIDTH, CENTROID_WIDTH, RIDGE = 0.6, 0.3, 1.0, 0.5
# A narrow kernel hears only topics that mean the same, a wide one all that are near.
NARROW, WIDE = 0.1, 0.7
# How many of the nearest verses a centroid is of, and how much more the nearest of them count.
NEIGHBOURS, NEIGHBOUR_SOFTNESS = 50, 0.05
# Topics that are compared with all verses at once.
AT_ONCE = 64


class Recalled(msgspec.Struct, frozen=True):
    """What a memory says of every verse, by position; the nearest topic and how near it is to the query.

    `topic_cosines` are those of the query with each topic.
    """

    ridge: Floats
    narrow: Floats
    topic_cosines: Floats
    nearest: int
    likeness: float


class VotesByVerse(msgspec.Struct, frozen=True):
    """Votes in the order of the verses: the topic and gain of each; those for `verses[i]` begin at `starts[i]`."""

    verses: Integers
    starts: Integers
    topics: Integers
    gains: Floats

    def add_up(self, weights: Floats, size: int) -> Floats:
        """The gains of each of `size` verses, each topic weighted."""
        sums = np.zeros(size, dtype=np.float32)
        if len(self.verses):
            sums[self.verses] = np.add.reduceat(weights[self.topics] * self.gains, self.starts)
        return sums

    def add_up_at(self, weights: Floats, at: Integers) -> Floats:
        """What `add_up` finds, for the verses at some positions only."""
        sums = np.zeros(len(at), dtype=np.float32)
        has_votes = np.flatnonzero(np.isin(at, self.verses))
        rows = np.searchsorted(self.verses, at[has_votes])
        starts = self.starts[rows]
        lengths = np.append(self.starts, len(self.topics))[rows + 1] - starts
        _which, votes = spread(starts, starts + lengths)
        if len(votes):
            gains = weights[self.topics[votes]] * self.gains[votes]
            sums[has_votes] = np.add.reduceat(gains, np.cumsum(lengths) - lengths)
        return sums


class TopicMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Topics with their vectors and centroids, less the `centre` of all; for each the verses voted for by position.

    `inverse` is that of the kernel of all topics with its ridge. `gained` and `times_voted` are sums over all topics, by verse.
    """

    size: int
    vectors: Floats
    centre: Floats
    centroids: Floats
    inverse: Floats
    votes: Ragged
    by_verse: VotesByVerse
    gained: Floats
    times_voted: Floats

    def recall(self, vector: Floats, centroid: Floats) -> Recalled:
        """What is remembered for a query's vector, and the centroid of the verses nearest to it."""
        cosine = self.vectors @ vector
        kernel = _kernel(cosine, self.centroids @ _unit(centroid - self.centre))
        nearest = int(cosine.argmax())
        return Recalled(
            ridge=self.by_verse.add_up(self.inverse @ kernel, self.size),
            narrow=self.by_verse.add_up(_shares(cosine, NARROW), self.size),
            topic_cosines=cosine,
            nearest=nearest,
            likeness=float(cosine[nearest]),
        )

    def voted_for(self, topic: int) -> frozenset[int]:
        """The positions of the verses that people voted for."""
        return frozenset(self.votes.of(np.array([topic]))[1].tolist())

    def wide(self, recalled: Recalled, at: Integers) -> Floats:
        """The gains of verses for all topics that are near, by position."""
        return self.by_verse.add_up_at(_shares(recalled.topic_cosines, WIDE), at)


def remember(vectors: Floats, topic_of: Integers, positions: Integers, gains: Floats, verses: Rows) -> TopicMemory:
    """A memory of topics' vectors and votes: vote `i` is one for topic `topic_of[i]` and the verse at `positions[i]`, worth `gains[i]`.

    `verses` are the vectors of all verses.
    """
    order = np.argsort(topic_of, kind="stable")
    votes = ragged(len(vectors), topic_of[order], positions[order])
    by_verse = _votes_by_verse(votes, gains[order])
    parts, all_verses = np.array_split(vectors, len(vectors) // AT_ONCE + 1), verses.whole().T
    centroids = np.stack([neighbour_centroid(row, verses) for part in parts for row in part @ all_verses])
    centre = centroids.mean(axis=0)
    centroids = _unit(centroids - centre)
    kernel = _kernel(vectors @ vectors.T, centroids @ centroids.T)
    return TopicMemory(
        size=len(verses),
        vectors=vectors,
        centre=centre,
        centroids=centroids,
        inverse=np.linalg.inv(kernel + RIDGE * np.eye(len(vectors))).astype(np.float32),
        votes=votes,
        by_verse=by_verse,
        gained=by_verse.add_up(np.ones(len(vectors), dtype=np.float32), len(verses)),
        times_voted=np.bincount(votes.values, minlength=len(verses)).astype(np.float32),
    )


def _votes_by_verse(votes: Ragged, gains: Floats) -> VotesByVerse:
    """Votes sorted by verse, so that those of one verse are adjacent. `gains[i]` belongs to `votes.values[i]`."""
    order = np.argsort(votes.values, kind="stable")
    verses, starts = np.unique(votes.values[order], return_index=True)
    return VotesByVerse(verses, starts, np.repeat(np.arange(len(votes)), votes.lengths)[order], gains[order])


def _shares(cosine: Floats, width: float) -> Floats:
    """How much each topic counts for a kernel of a width; 1 in all."""
    weights = np.exp((cosine - cosine.max()) / width).astype(np.float32)
    shares: Floats = weights / weights.sum()
    return shares


def _kernel(cosine: Floats, centroids: Floats) -> Floats:
    by_name, by_centroid = np.exp((cosine - 1) / WIDTH), np.exp((centroids - 1) / CENTROID_WIDTH)
    kernel: Floats = (NAME_SHARE * by_name + (1 - NAME_SHARE) * by_centroid).astype(np.float32)
    return kernel


def neighbour_centroid(cosines: Floats, verses: Rows) -> Floats:
    """The direction of the verses that something is nearest to, by its cosine with each."""
    nearest = largest(cosines, NEIGHBOURS)
    weights = np.exp((cosines[nearest] - cosines[nearest].max()) / NEIGHBOUR_SOFTNESS)
    return _unit(weights @ verses[nearest])


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
