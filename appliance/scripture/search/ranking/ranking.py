"""The learned order of verses for a query, and what speaks for each."""

from collections.abc import Callable

import msgspec
import numpy as np

from appliance.errors import Unavailable
from appliance.infrastructure.database import Reader
from appliance.scripture.search.candidates import Span
from appliance.scripture.search.fts import TextQuery
from appliance.scripture.search.ranking.features import Features, candidates
from appliance.scripture.search.ranking.knowledge import Floats, Integers, Knowledge
from appliance.scripture.search.ranking.learned import (
    Learned,
    TopicVotes,
)
from appliance.scripture.search.ranking.memory import TopicMemory, remember
from appliance.scripture.search.ranking.signals import TEXT_DEPTH, Signals, find_words, gather, top
from appliance.scripture.search.wording import Vocabulary

# From here on a query means what a topic of the memory does, in the eyes of who reads why.
SAME_TOPIC = 0.8
MEANING_DEPTH = 200
MOST_TOPICS = 3


class RankerOutdated(Unavailable):
    """The trees that are shipped do not fit the features that are made."""


class Support(msgspec.Struct, frozen=True):
    """What speaks for a verse: places among all from 1, None where a signal says nothing; topics by headword."""

    words_rank: int | None
    meaning_rank: int | None
    similarity: float
    topics: tuple[str, ...]
    voted_topic: str | None
    linked: bool


class Ranked(msgspec.Struct, frozen=True):
    """Verses with their scores, best first; scores are comparable within one query only."""

    verse_ids: list[int]
    scores: list[float]
    _ranking: "Ranking"
    _signals: Signals

    def best_by_words(self, count: int) -> list[tuple[int, str]]:
        """The best verses of each text by words alone, with what they say."""
        knowledge = self._ranking.knowledge
        return [
            (int(knowledge.places[at]), text.verses[at])
            for text, signal in zip(knowledge.texts, self._signals.words, strict=True)
            if text
            for at in top(signal, count).tolist()
        ]

    def support(self, verse_ids: list[int]) -> dict[int, Support]:
        """What speaks for each of some verses."""
        return self._ranking.support(self._signals, verse_ids)


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a query: its candidate verses in canonical order, with one row of numbers per verse."""

    columns: list[str]
    verse_ids: Integers
    rows: Floats


class Ranking:
    """Ranks for one library as it was when this was made."""

    def __init__(self, knowledge: Knowledge, learned: Learned, topics: TopicVotes) -> None:
        self.knowledge, self._learned, self._topic_names = knowledge, learned, topics.names
        self._memory = _memory_of(knowledge, topics)
        names = (word for name in topics.names for word in name.lower().split())
        self.vocabulary = Vocabulary(knowledge.words, learned.words.union(names, knowledge.transliterations))
        self._features = Features(knowledge, learned.lens, self._memory)
        self._forest = learned.linked if len(knowledge.links.values) else learned.unlinked

    def rank(self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], span: Span) -> Ranked:
        """The best verses of a part of the canon for a query; `embed` makes its vector. Raises RankerOutdated."""
        signals, table = self._table(reader, query, embed, span)
        if table.columns != self._learned.columns:
            raise RankerOutdated(
                "The ranking model was trained on other features.", remedy="`lampstand ranking train` rebuilds it."
            )
        scores = self._forest.score(table.rows)
        order = np.argsort(-scores, kind="stable")
        return Ranked(table.verse_ids[order].tolist(), scores[order].tolist(), self, signals)

    def features(self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], span: Span) -> FeatureTable:
        """The features that `rank` scores."""
        _signals, table = self._table(reader, query, embed, span)
        return table

    def _table(
        self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], span: Span
    ) -> tuple[Signals, FeatureTable]:
        knowledge = self.knowledge
        within = knowledge.within(span.first, span.last)
        words = find_words(reader, knowledge, query, within)
        vector = np.frombuffer(embed(), dtype="<f4")
        signals = gather(knowledge, self._learned.lens, self._memory, query, vector, words, within)
        found = candidates(signals, within)
        columns, rows = self._features.table(signals, found)
        return signals, FeatureTable(columns=columns, verse_ids=knowledge.places[found], rows=rows)

    def support(self, signals: Signals, verse_ids: list[int]) -> dict[int, Support]:
        knowledge, recalled = self.knowledge, signals.recalled
        words = _places(top(np.maximum(*signals.words), TEXT_DEPTH))
        meaning = _places(top(signals.cosine, MEANING_DEPTH))
        voted: frozenset[int] = frozenset()
        if recalled and recalled.likeness >= SAME_TOPIC:
            voted = self._memory.voted_for(recalled.nearest)
        which, positions = knowledge.topics.of(signals.topics.matching)
        citing: dict[int, list[str]] = {}
        for number, position in zip(which.tolist(), positions.tolist(), strict=True):
            citing.setdefault(position, []).append(knowledge.headwords[int(signals.topics.matching[number])])
        linked = frozenset(top(signals.linked, MEANING_DEPTH).tolist())
        return {
            verse_id: Support(
                words_rank=words.get(position),
                meaning_rank=meaning.get(position),
                similarity=round(float(signals.cosine[position]), 4),
                topics=tuple(citing.get(position, ())[:MOST_TOPICS]),
                voted_topic=self._topic_names[recalled.nearest] if recalled and position in voted else None,
                linked=position in linked,
            )
            for verse_id, position in zip(verse_ids, knowledge.positions(verse_ids).tolist(), strict=True)
            if position >= 0
        }


def _memory_of(knowledge: Knowledge, topics: TopicVotes) -> TopicMemory:
    positions = knowledge.positions(topics.verse_ids)
    there = positions >= 0
    return remember(topics.vectors, topics.of[there], positions[there], topics.gains[there], knowledge.vectors)


def _places(best: Integers) -> dict[int, int]:
    return {position: place for place, position in enumerate(best.tolist(), start=1)}
