"""The topic memory. With it, votes for one topic also help to rank verses for topics with a similar meaning.

The topic memory is a kernel ridge regression from topics to the votes of every verse (Saunders, Gammerman and Vovk, "Ridge
regression learning algorithm in dual variables", ICML 1998). How similar two topics are depends on their vectors, and on the
centroids of the verses that are nearest to each topic.
"""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers, Rows
from appliance.scripture.search.ranking.ragged import Ragged, ragged, spread
from appliance.scripture.search.ranking.top import largest

# K = NAME_SHARE exp((cosine - 1) / WIDTH) + (1 - NAME_SHARE) exp((cosine of centroids - 1) / CENTROID_WIDTH)
NAME_SHARE, WIDTH, CENTROID_WIDTH, RIDGE = 0.6, 0.3, 1.0, 0.5
# A narrow kernel uses only topics with the same meaning; a wide kernel uses all similar topics.
NARROW, WIDE = 0.1, 0.7
# How many of the nearest verses a centroid has, and how fast their weight falls with distance.
NEIGHBOURS, NEIGHBOUR_SOFTNESS = 50, 0.05
# How many topics are compared with all verses in one step.
TOPICS_PER_STEP = 64


class Recalled(msgspec.Struct, frozen=True):
    """The signals of the topic memory for every verse, by position.

    `topic_cosines` has the cosine similarity of the query to each topic. `nearest` is the nearest topic, and `likeness` is its
    cosine similarity.
    """

    ridge: Floats
    narrow: Floats
    topic_cosines: Floats
    nearest: int
    likeness: float


class VotesByVerse(msgspec.Struct, frozen=True):
    """Votes sorted by verse, with the topic and the gain of each vote. The votes for `verses[i]` start at `starts[i]`."""

    verses: Integers
    starts: Integers
    topics: Integers
    gains: Floats

    def add_up(self, weights: Floats, size: int) -> Floats:
        """Return the sum of gains for each of `size` verses, weighted by topic."""
        sums = np.zeros(size, dtype=np.float32)
        if len(self.verses):
            sums[self.verses] = np.add.reduceat(weights[self.topics] * self.gains, self.starts)
        return sums

    def add_up_at(self, weights: Floats, positions: Integers) -> Floats:
        """Return the same sums as `add_up`, but only for the verses at `positions`."""
        sums = np.zeros(len(positions), dtype=np.float32)
        has_votes = np.flatnonzero(np.isin(positions, self.verses))
        rows = np.searchsorted(self.verses, positions[has_votes])
        starts = self.starts[rows]
        lengths = np.append(self.starts, len(self.topics))[rows + 1] - starts
        _range_index, votes = spread(starts, starts + lengths)
        if len(votes):
            gains = weights[self.topics[votes]] * self.gains[votes]
            sums[has_votes] = np.add.reduceat(gains, np.cumsum(lengths) - lengths)
        return sums


class TopicMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Topics with their vectors, centroids and votes.

    `centroids` are the topics' centroids minus `centre`, the mean of all centroids. `votes` has the verses with votes for each
    topic, by position. `inverse` is the inverse of the regularized kernel of all topics. For each verse, `gain_sums` and
    `times_voted` are the sum of gains and the number of votes, over all topics.
    """

    size: int
    vectors: Floats
    centre: Floats
    centroids: Floats
    inverse: Floats
    votes: Ragged
    by_verse: VotesByVerse
    gain_sums: Floats
    times_voted: Floats

    def recall(self, vector: Floats, centroid: Floats) -> Recalled:
        """Return the signals for a query, from its vector and from the centroid of the verses that are nearest to the query."""
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
        """Return the positions of the verses that have votes for a topic."""
        return frozenset(self.votes.values_of(np.array([topic]))[1].tolist())

    def wide(self, recalled: Recalled, positions: Integers) -> Floats:
        """Return the gains of the verses at `positions`, with the wide kernel."""
        return self.by_verse.add_up_at(_shares(recalled.topic_cosines, WIDE), positions)


def remember(vectors: Floats, topic_of: Integers, positions: Integers, gains: Floats, verses: Rows) -> TopicMemory:
    """Build a topic memory. Vote `i` gives the verse at `positions[i]` the gain `gains[i]` for the topic `topic_of[i]`.

    `vectors` are the vectors of the topics, and `verses` the vectors of all verses.
    """
    order = np.argsort(topic_of, kind="stable")
    votes = ragged(len(vectors), topic_of[order], positions[order])
    by_verse = _votes_by_verse(votes, gains[order])
    parts, all_verses = np.array_split(vectors, len(vectors) // TOPICS_PER_STEP + 1), verses.whole().T
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
        gain_sums=by_verse.add_up(np.ones(len(vectors), dtype=np.float32), len(verses)),
        times_voted=np.bincount(votes.values, minlength=len(verses)).astype(np.float32),
    )


def _votes_by_verse(votes: Ragged, gains: Floats) -> VotesByVerse:
    """Sort votes by verse, so that the votes of one verse are next to each other. `gains[i]` is of `votes.values[i]`."""
    order = np.argsort(votes.values, kind="stable")
    verses, starts = np.unique(votes.values[order], return_index=True)
    return VotesByVerse(verses, starts, np.repeat(np.arange(len(votes)), votes.lengths)[order], gains[order])


def _shares(cosine: Floats, width: float) -> Floats:
    """Return the weight of each topic for a kernel width. The weights add up to 1."""
    weights = np.exp((cosine - cosine.max()) / width).astype(np.float32)
    shares: Floats = weights / weights.sum()
    return shares


def _kernel(cosine: Floats, centroids: Floats) -> Floats:
    by_name, by_centroid = np.exp((cosine - 1) / WIDTH), np.exp((centroids - 1) / CENTROID_WIDTH)
    kernel: Floats = (NAME_SHARE * by_name + (1 - NAME_SHARE) * by_centroid).astype(np.float32)
    return kernel


def neighbour_centroid(cosines: Floats, verses: Rows) -> Floats:
    """Return the unit centroid of the verses with the largest cosines. `cosines` has one value per verse."""
    nearest = largest(cosines, NEIGHBOURS)
    weights = np.exp((cosines[nearest] - cosines[nearest].max()) / NEIGHBOUR_SOFTNESS)
    return _unit(weights @ verses[nearest])


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
