"""A memory of topics: what people found helpful for one says much of those that mean nearly the same.

Kernel ridge regression from topics to the votes of every verse: Saunders, Gammerman and Vovk, "Ridge regression learning
algorithm in dual variables", ICML 1998. Two topics are alike by their own vectors, and by their company: the verses that
each is nearest to.
"""

import msgspec
import numpy as np

from appliance.scripture.search.ranking.knowledge import Floats, Integers, Ragged

# K = NAME_SHARE exp((cosine - 1) / WIDTH) + (1 - NAME_SHARE) exp((cosine of companies - 1) / COMPANY_WIDTH)
NAME_SHARE, WIDTH, COMPANY_WIDTH, RIDGE = 0.6, 0.3, 1.0, 0.5
# A narrow kernel hears only topics that mean the same, a wide one all that are near.
NARROW, WIDE = 0.1, 0.7
# How many verses a company has, and how much more the nearest of them count.
COMPANY, COMPANY_SOFTNESS = 50, 0.05
# Topics that are compared with all verses at once.
AT_ONCE = 64


class Recalled(msgspec.Struct, frozen=True):
    """What a memory says of every verse, by position; the nearest topic and how near it is to the query."""

    ridge: Floats
    narrow: Floats
    wide: Floats
    nearest: int
    likeness: float


class TopicMemory:
    """Topics with their vectors and, for each, the verses voted for by position."""

    def __init__(self, vectors: Floats, votes: Ragged, gains: Floats, verses: Floats) -> None:
        """`gains` stand beside `votes.values`; `verses` are the vectors of all verses."""
        self._vectors, self._votes, self._size = vectors, votes, len(verses)
        # Verse by verse, so that what is added up for each lies together.
        order = np.argsort(votes.values, kind="stable")
        self._topics, self._gains = np.repeat(np.arange(len(vectors)), votes.lengths)[order], gains[order]
        self._voted, self._starts = np.unique(votes.values[order], return_index=True)
        parts = np.array_split(vectors, len(vectors) // AT_ONCE + 1)
        companies = np.stack([company_of(row, verses) for part in parts for row in part @ verses.T])
        self._centre = companies.mean(axis=0)
        self._companies = _unit(companies - self._centre)
        kernel = self._kernel(vectors @ vectors.T, self._companies @ self._companies.T)
        self._inverse: Floats = np.linalg.inv(kernel + RIDGE * np.eye(len(vectors))).astype(np.float32)
        self.times_voted = np.bincount(votes.values, minlength=self._size).astype(np.float32)
        self.gained = self._add_up(np.ones(len(vectors), dtype=np.float32))

    def recall(self, vector: Floats, company: Floats) -> Recalled:
        """What is remembered for a query's vector, and the company that it keeps."""
        cosine = self._vectors @ vector
        kernel = self._kernel(cosine, self._companies @ _unit(company - self._centre))
        nearest = int(cosine.argmax())
        return Recalled(
            ridge=self._add_up(self._inverse @ kernel),
            narrow=self._average(cosine, NARROW),
            wide=self._average(cosine, WIDE),
            nearest=nearest,
            likeness=float(cosine[nearest]),
        )

    def voted_for(self, topic: int) -> frozenset[int]:
        """The positions of the verses that people voted for."""
        return frozenset(self._votes.of(np.array([topic]))[1].tolist())

    def _kernel(self, cosine: Floats, companies: Floats) -> Floats:
        by_name, by_company = np.exp((cosine - 1) / WIDTH), np.exp((companies - 1) / COMPANY_WIDTH)
        kernel: Floats = (NAME_SHARE * by_name + (1 - NAME_SHARE) * by_company).astype(np.float32)
        return kernel

    def _average(self, cosine: Floats, width: float) -> Floats:
        weights = np.exp((cosine - cosine.max()) / width).astype(np.float32)
        return self._add_up(weights / weights.sum())

    def _add_up(self, weights: Floats) -> Floats:
        """The gains of every verse, each topic weighted."""
        sums = np.zeros(self._size, dtype=np.float32)
        if len(self._voted):
            sums[self._voted] = np.add.reduceat(weights[self._topics] * self._gains, self._starts)
        return sums


def remember(vectors: Floats, of: Integers, positions: Integers, gains: Floats, verses: Floats) -> TopicMemory:
    """A memory of topics' vectors and votes: `of` says of which topic each is, for the verse at which position."""
    order = np.argsort(of, kind="stable")
    return TopicMemory(vectors, Ragged(len(vectors), of[order], positions[order]), gains[order], verses)


def company_of(cosines: Floats, verses: Floats) -> Floats:
    """The direction of the verses that something is nearest to, by its cosine with each."""
    nearest = np.argpartition(-cosines, COMPANY)[:COMPANY] if len(cosines) > COMPANY else np.arange(len(cosines))
    weights = np.exp((cosines[nearest] - cosines[nearest].max()) / COMPANY_SOFTNESS)
    return _unit(weights @ verses[nearest])


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
