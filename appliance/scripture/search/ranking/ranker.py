"""The ranker scores the candidate verses of a query with the trained trees, and explains the results."""

import threading
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
from appliance.scripture.search.ranking.signals import TEXT_DEPTH, Signals, WordMatches, find_words, gather
from appliance.scripture.search.wording import Vocabulary, vocabulary

# If the cosine is at least this, the reader is told that a topic of the topic memory means the same as the query.
SAME_TOPIC = 0.8
# A signal is given as a reason only for its best verses, up to this rank.
EXPLAINED_DEPTH = 200
MAX_TOPICS = 3
# How many threads rank at the same time. A second thread can run Python while the first thread computes in numpy. More
# threads make all threads slower: they wait for the interpreter, and remove each other's data from the CPU cache.
_ranking_slots = threading.BoundedSemaphore(2)


class RankerOutdated(Unavailable):
    """The shipped trees were trained on features that this version does not compute."""


class Ranked(msgspec.Struct, frozen=True):
    """Verses with their scores, best first. Scores are comparable only within one query."""

    verse_ids: list[int]
    scores: list[float]
    _ranker: "Ranker"
    _signals: Signals

    def best_by_words(self, count: int) -> list[tuple[int, str]]:
        """Return the best verses by words in each translation, as pairs (verse id, text)."""
        knowledge = self._ranker.knowledge
        return [
            (int(knowledge.verses.verse_ids[position]), text.verses[position])
            for text, signal in zip(knowledge.texts, self._signals.words, strict=True)
            if text
            for position in self._signals.top_finder.find(signal, count).tolist()
        ]

    def explain(self, verse_ids: list[int], *, in_order: frozenset[int] = frozenset()) -> dict[int, Why]:
        """Return why verses were found. `in_order` has the verses that contain the words of the query in the same order."""
        return self._ranker.explain(self._signals, verse_ids, in_order)


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a query: the candidate verses in canonical order, with one row of numbers per verse."""

    columns: list[str]
    verse_ids: Integers
    rows: Floats


class Ranker(msgspec.Struct, frozen=True, kw_only=True):
    """A ranker for one state of the library: the state from which it was compiled.

    `aspects` are the vectors of the verses along the axes of the embedding adapter. `columns` are the features on which the
    trees were trained.
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
        """Rank the verses of a range for a query. `embed` returns the query's vector. Raises RankerOutdated."""
        words, vector = self._words_and_vector(reader, query, embed, verses)
        with _ranking_slots:
            signals, table = self._table(query, words, vector, verses)
            if table.columns != self.columns:
                raise RankerOutdated(
                    "The ranking model was trained on other features.",
                    remedy="Run `lampstand ranking train` to train it again.",
                )
            scores = self.trees.score(table.rows)
            order = np.argsort(-scores, kind="stable")
            return Ranked(table.verse_ids[order].tolist(), scores[order].tolist(), self, signals)

    def features(
        self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], verses: VerseRange
    ) -> FeatureTable:
        """Return the features by which `rank` scores verses."""
        words, vector = self._words_and_vector(reader, query, embed, verses)
        _signals, table = self._table(query, words, vector, verses)
        return table

    def _words_and_vector(
        self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], verses: VerseRange
    ) -> tuple[WordMatches, Floats]:
        words = find_words(reader, self.knowledge, query, self.knowledge.within(verses))
        return words, np.frombuffer(embed(), dtype="<f4")

    def _table(
        self, query: TextQuery | None, words: WordMatches, vector: Floats, verses: VerseRange
    ) -> tuple[Signals, FeatureTable]:
        knowledge = self.knowledge
        within = knowledge.within(verses)
        signals = gather(knowledge, self.adapter, self.memory, query, vector, words, within)
        positions = candidate_positions(signals, within)
        columns, rows = Features(knowledge, self.aspects, self.memory).table(signals, positions)
        return signals, FeatureTable(columns=columns, verse_ids=knowledge.verses.verse_ids[positions], rows=rows)

    def nearest(self, vector: bytes, verses: VerseRange, count: int) -> list[tuple[int, float]]:
        """Return pairs (verse id, cosine similarity) for the verses of a range that are nearest to a vector, best first."""
        knowledge = self.knowledge
        within = knowledge.within(verses)
        query = np.frombuffer(vector, dtype="<f4")
        (quantized_cosines,) = knowledge.quantized.dot_products(query)
        part = quantized_cosines[within]
        # Only verses that can be among the nearest are compared in full precision.
        min_cosine = np.partition(part, -count)[-count] - 2 * MAX_ROUNDING if count < len(part) else -np.inf
        positions = np.flatnonzero(part >= min_cosine) + within.start
        # In 64 bits, verses with the same words have equal cosines. The last of these verses comes first.
        cosines = knowledge.vectors[positions].astype(np.float64) @ query.astype(np.float64)
        order = np.lexsort((-positions, -cosines))[:count]
        return list(zip(knowledge.verses.verse_ids[positions[order]].tolist(), cosines[order].tolist(), strict=True))

    def explain(self, signals: Signals, verse_ids: list[int], in_order: frozenset[int]) -> dict[int, Why]:
        """Return why verses were found: ranks from 1 (None if a signal does not rank the verse), and topics by headword."""
        knowledge, recalled = self.knowledge, signals.recalled
        word_ranks = _ranks(signals.top_finder.find(np.maximum(*signals.words), TEXT_DEPTH))
        meaning_ranks = _ranks(signals.top_finder.find(signals.cosine, EXPLAINED_DEPTH))
        voted: frozenset[int] = frozenset()
        if recalled and recalled.likeness >= SAME_TOPIC:
            voted = self.memory.voted_for(recalled.nearest)
        positions = knowledge.positions(verse_ids)
        topics = self._citing_topics(signals, positions)
        linked = frozenset(signals.top_finder.find(signals.linked, EXPLAINED_DEPTH).tolist())
        return {
            verse_id: Why(
                keyword_rank=word_ranks.get(position),
                semantic_rank=meaning_ranks.get(position),
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
        """For each verse position, return the headwords of topics that the query names and that cite the verse."""
        headings = self.knowledge.headings
        row_index, cited = headings.topics.values_of(signals.topics.matching)
        citing: dict[int, list[int]] = {}
        for number in np.flatnonzero(np.isin(cited, positions)).tolist():
            citing.setdefault(int(cited[number]), []).append(int(signals.topics.matching[row_index[number]]))
        return {
            position: tuple(headings.headwords[topic] for topic in topics[:MAX_TOPICS])
            for position, topics in citing.items()
        }


def compile_ranker(reader: Reader, knowledge: Knowledge, learned: Learned, topics: TopicVotes) -> Ranker:
    """Build a ranker from the library and the trained files. If the library has no cross references, it uses other trees."""
    positions = knowledge.positions(topics.verse_ids)
    is_present = positions >= 0
    names = (word for name in topics.names for word in name.lower().split())
    transliterations = (fold(row[2]) for row in reader.rows(store.SELECT_LEMMAS))
    trees = learned.linked if len(knowledge.links.values) else learned.unlinked
    return Ranker(
        knowledge=knowledge,
        vocabulary=vocabulary(knowledge.words, [*learned.words, *names, *transliterations]),
        topic_names=strings(topics.names),
        memory=remember(
            topics.vectors,
            topics.topic_of[is_present],
            positions[is_present],
            topics.gains[is_present],
            knowledge.vectors,
        ),
        adapter=learned.adapter,
        aspects=knowledge.vectors.whole() @ learned.adapter.axes,
        columns=learned.columns,
        trees=trees.tables(),
    )


def _ranks(positions: Integers) -> dict[int, int]:
    return {position: rank for rank, position in enumerate(positions.tolist(), start=1)}
