"""The learned order of verses for a query, and why each is there."""

from collections.abc import Callable

import msgspec
import numpy as np

from appliance.errors import Unavailable
from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.database import Reader
from appliance.infrastructure.strings import Strings, strings
from appliance.scripture.canon import VerseRange
from appliance.scripture.dictionaries import store
from appliance.scripture.dictionaries.lexicon import fold
from appliance.scripture.search.fts import TextQuery
from appliance.scripture.search.hits import Why
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter
from appliance.scripture.search.ranking.features import Features, candidate_positions
from appliance.scripture.search.ranking.forest import ForestTables
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.learned import Learned, TopicVotes
from appliance.scripture.search.ranking.memory import TopicMemory, remember
from appliance.scripture.search.ranking.quantized_vectors import MAX_ROUNDING
from appliance.scripture.search.ranking.signals import TEXT_DEPTH, Signals, find_words, gather
from appliance.scripture.search.wording import Vocabulary, vocabulary

# From here on a query means what a topic of the memory does, in the eyes of who reads why.
SAME_TOPIC = 0.8
# Verses that are further down than this by a signal are not explained by it.
EXPLAINED_DEPTH = 200
MAX_TOPICS = 3


class RankerOutdated(Unavailable):
    """The trees that are shipped do not fit the features that are made."""


class Ranked(msgspec.Struct, frozen=True):
    """Verses with their scores, best first; scores are comparable within one query only."""

    verse_ids: list[int]
    scores: list[float]
    _ranker: "Ranker"
    _signals: Signals

    def best_by_words(self, count: int) -> list[tuple[int, str]]:
        """The best verses of each text by words alone, with what they say."""
        knowledge = self._ranker.knowledge
        return [
            (int(knowledge.verses.places[at]), text.verses[at])
            for text, signal in zip(knowledge.texts, self._signals.words, strict=True)
            if text
            for at in self._signals.best.of(signal, count).tolist()
        ]

    def explain(self, verse_ids: list[int], *, in_order: frozenset[int] = frozenset()) -> dict[int, Why]:
        """Why each of some verses is there; those `in_order` have the query's words in their order."""
        return self._ranker.explain(self._signals, verse_ids, in_order)


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a query: its candidate verses in canonical order, with one row of numbers per verse."""

    columns: list[str]
    verse_ids: Integers
    rows: Floats


class Ranker(msgspec.Struct, frozen=True, kw_only=True):
    """Ranks for one library as it was when this was compiled.

    `aspects` are the vectors of the verses along the axes of the embedding adapter; `columns` the features that the trees were grown on.
    """

    knowledge: Knowledge
    vocabulary: Vocabulary
    topic_names: Strings
    memory: TopicMemory
    adapter: EmbeddingAdapter
    aspects: Floats
    columns: list[str]
    trees: ForestTables

    def rank(self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], verses: VerseRange) -> Ranked:
        """The best verses of a part of the canon for a query; `embed` makes its vector. Raises RankerOutdated."""
        signals, table = self._table(reader, query, embed, verses)
        if table.columns != self.columns:
            raise RankerOutdated(
                "The ranking model was trained on other features.", remedy="`lampstand ranking train` rebuilds it."
            )
        scores = self.trees.score(table.rows)
        order = np.argsort(-scores, kind="stable")
        return Ranked(table.verse_ids[order].tolist(), scores[order].tolist(), self, signals)

    def features(
        self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], verses: VerseRange
    ) -> FeatureTable:
        """The features that `rank` scores."""
        _signals, table = self._table(reader, query, embed, verses)
        return table

    def _table(
        self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], verses: VerseRange
    ) -> tuple[Signals, FeatureTable]:
        knowledge = self.knowledge
        within = knowledge.within(verses)
        words = find_words(reader, knowledge, query, within)
        vector = np.frombuffer(embed(), dtype="<f4")
        signals = gather(knowledge, self.adapter, self.memory, query, vector, words, within)
        positions = candidate_positions(signals, within)
        columns, rows = Features(knowledge, self.aspects, self.memory).table(signals, positions)
        return signals, FeatureTable(columns=columns, verse_ids=knowledge.verses.places[positions], rows=rows)

    def nearest(self, vector: bytes, verses: VerseRange, count: int) -> list[tuple[int, float]]:
        """(verse id, cosine similarity) of the verses of a part of the canon that are the most like a vector, best first."""
        knowledge = self.knowledge
        within = knowledge.within(verses)
        wanted = np.frombuffer(vector, dtype="<f4")
        (rough,) = knowledge.quantized.dot_products(wanted)
        part = rough[within]
        # What is near enough by its bytes is compared in full.
        least = np.partition(part, -count)[-count] - 2 * MAX_ROUNDING if count < len(part) else -np.inf
        at = np.flatnonzero(part >= least) + within.start
        # Of 64 bits, so that verses of the same words are equally like it: the last of them goes first.
        exact = knowledge.vectors[at].astype(np.float64) @ wanted.astype(np.float64)
        best = np.lexsort((-at, -exact))[:count]
        return list(zip(knowledge.verses.places[at[best]].tolist(), exact[best].tolist(), strict=True))

    def explain(self, signals: Signals, verse_ids: list[int], in_order: frozenset[int]) -> dict[int, Why]:
        """Why verses are there: places among all from 1, None where a signal says nothing; topics by headword."""
        knowledge, recalled = self.knowledge, signals.recalled
        words = _places(signals.best.of(np.maximum(*signals.words), TEXT_DEPTH))
        meaning = _places(signals.best.of(signals.cosine, EXPLAINED_DEPTH))
        voted: frozenset[int] = frozenset()
        if recalled and recalled.likeness >= SAME_TOPIC:
            voted = self.memory.voted_for(recalled.nearest)
        positions = knowledge.positions(verse_ids)
        topics = self._citing_topics(signals, positions)
        linked = frozenset(signals.best.of(signals.linked, EXPLAINED_DEPTH).tolist())
        return {
            verse_id: Why(
                keyword_rank=words.get(position),
                semantic_rank=meaning.get(position),
                similarity=round(float(signals.cosine[position]), 4),
                in_order=verse_id in in_order,
                linked=position in linked,
                topics=topics.get(position, ()),
                voted_topic=self.topic_names[recalled.nearest] if recalled and position in voted else None,
            )
            if position >= 0
            else Why(in_order=verse_id in in_order)
            for verse_id, position in zip(verse_ids, positions.tolist(), strict=True)
        }

    def _citing_topics(self, signals: Signals, positions: Integers) -> dict[int, tuple[str, ...]]:
        """The headwords of the topics that the query names and that cite each of some verses, by position."""
        headings = self.knowledge.headings
        which, cited = headings.topics.of(signals.topics.matching)
        citing: dict[int, list[int]] = {}
        for place in np.flatnonzero(np.isin(cited, positions)).tolist():
            citing.setdefault(int(cited[place]), []).append(int(signals.topics.matching[which[place]]))
        return {
            position: tuple(headings.headwords[topic] for topic in topics[:MAX_TOPICS])
            for position, topics in citing.items()
        }


def compile_ranker(reader: Reader, knowledge: Knowledge, learned: Learned, topics: TopicVotes) -> Ranker:
    """A ranking of what is known, with what was learned: trees of a library with cross references, or of one without."""
    positions = knowledge.positions(topics.verse_ids)
    there = positions >= 0
    names = (word for name in topics.names for word in name.lower().split())
    transliterations = (fold(row[2]) for row in reader.rows(store.SELECT_LEMMAS))
    trees = learned.linked if len(knowledge.links.values) else learned.unlinked
    return Ranker(
        knowledge=knowledge,
        vocabulary=vocabulary(knowledge.words, [*learned.words, *names, *transliterations]),
        topic_names=strings(topics.names),
        memory=remember(
            topics.vectors, topics.topic_of[there], positions[there], topics.gains[there], knowledge.vectors
        ),
        adapter=learned.adapter,
        aspects=knowledge.vectors.whole() @ learned.adapter.axes,
        columns=learned.columns,
        trees=trees.tables(),
    )


def _places(best: Integers) -> dict[int, int]:
    return {position: place for place, position in enumerate(best.tolist(), start=1)}
