"""The learned order of verses for a query, and what speaks for each."""

from collections.abc import Callable

import msgspec
import numpy as np

from appliance.errors import Unavailable
from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.database import Reader
from appliance.infrastructure.strings import Strings, strings
from appliance.scripture.dictionaries import store
from appliance.scripture.dictionaries.lexicon import fold
from appliance.scripture.search.candidates import Span
from appliance.scripture.search.fts import TextQuery
from appliance.scripture.search.ranking.features import Features, candidates
from appliance.scripture.search.ranking.forest import ForestTables
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.learned import Learned, TopicVotes
from appliance.scripture.search.ranking.lens import Lens
from appliance.scripture.search.ranking.memory import TopicMemory, remember
from appliance.scripture.search.ranking.quantized_vectors import MOST_ROUNDING
from appliance.scripture.search.ranking.signals import TEXT_DEPTH, Signals, find_words, gather
from appliance.scripture.search.wording import Vocabulary, vocabulary

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
            (int(knowledge.verses.places[at]), text.verses[at])
            for text, signal in zip(knowledge.texts, self._signals.words, strict=True)
            if text
            for at in self._signals.best.of(signal, count).tolist()
        ]

    def support(self, verse_ids: list[int]) -> dict[int, Support]:
        """What speaks for each of some verses."""
        return self._ranking.support(self._signals, verse_ids)


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a query: its candidate verses in canonical order, with one row of numbers per verse."""

    columns: list[str]
    verse_ids: Integers
    rows: Floats


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Ranks for one library as it was when this was compiled.

    `aspects` are the vectors of the verses along the axes of the lens; `columns` the features that the trees were grown on.
    """

    knowledge: Knowledge
    vocabulary: Vocabulary
    topic_names: Strings
    memory: TopicMemory
    lens: Lens
    aspects: Floats
    columns: list[str]
    trees: ForestTables

    def rank(self, reader: Reader, query: TextQuery | None, embed: Callable[[], bytes], span: Span) -> Ranked:
        """The best verses of a part of the canon for a query; `embed` makes its vector. Raises RankerOutdated."""
        signals, table = self._table(reader, query, embed, span)
        if table.columns != self.columns:
            raise RankerOutdated(
                "The ranking model was trained on other features.", remedy="`lampstand ranking train` rebuilds it."
            )
        scores = self.trees.score(table.rows)
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
        signals = gather(knowledge, self.lens, self.memory, query, vector, words, within)
        found = candidates(signals, within)
        columns, rows = Features(knowledge, self.aspects, self.memory).table(signals, found)
        return signals, FeatureTable(columns=columns, verse_ids=knowledge.verses.places[found], rows=rows)

    def nearest(self, vector: bytes, span: Span, count: int) -> list[tuple[int, float]]:
        """(verse id, cosine similarity) of the verses of a part of the canon that are the most like a vector, best first."""
        knowledge = self.knowledge
        within = knowledge.within(span.first, span.last)
        wanted = np.frombuffer(vector, dtype="<f4")
        (rough,) = knowledge.quantized.dot_products(wanted)
        part = rough[within]
        # What is near enough by its bytes is compared in full.
        least = np.partition(part, -count)[-count] - 2 * MOST_ROUNDING if count < len(part) else -np.inf
        at = np.flatnonzero(part >= least) + within.start
        # Of 64 bits, so that verses of the same words are equally like it: the last of them goes first.
        exact = knowledge.vectors[at].astype(np.float64) @ wanted.astype(np.float64)
        best = np.lexsort((-at, -exact))[:count]
        return list(zip(knowledge.verses.places[at[best]].tolist(), exact[best].tolist(), strict=True))

    def support(self, signals: Signals, verse_ids: list[int]) -> dict[int, Support]:
        knowledge, recalled = self.knowledge, signals.recalled
        words = _places(signals.best.of(np.maximum(*signals.words), TEXT_DEPTH))
        meaning = _places(signals.best.of(signals.cosine, MEANING_DEPTH))
        voted: frozenset[int] = frozenset()
        if recalled and recalled.likeness >= SAME_TOPIC:
            voted = self.memory.voted_for(recalled.nearest)
        positions, headwords = knowledge.positions(verse_ids), knowledge.headings.headwords
        which, cited = knowledge.headings.topics.of(signals.topics.matching)
        citing: dict[int, list[int]] = {}
        for place in np.flatnonzero(np.isin(cited, positions)).tolist():
            citing.setdefault(int(cited[place]), []).append(int(signals.topics.matching[which[place]]))
        linked = frozenset(signals.best.of(signals.linked, MEANING_DEPTH).tolist())
        return {
            verse_id: Support(
                words_rank=words.get(position),
                meaning_rank=meaning.get(position),
                similarity=round(float(signals.cosine[position]), 4),
                topics=tuple(headwords[topic] for topic in citing.get(position, ())[:MOST_TOPICS]),
                voted_topic=self.topic_names[recalled.nearest] if recalled and position in voted else None,
                linked=position in linked,
            )
            for verse_id, position in zip(verse_ids, positions.tolist(), strict=True)
            if position >= 0
        }


def compile_ranking(reader: Reader, knowledge: Knowledge, learned: Learned, topics: TopicVotes) -> Ranking:
    """A ranking of what is known, with what was learned: trees of a library with cross references, or of one without."""
    positions = knowledge.positions(topics.verse_ids)
    there = positions >= 0
    names = (word for name in topics.names for word in name.lower().split())
    transliterations = (fold(row[2]) for row in reader.rows(store.SELECT_LEMMAS))
    trees = learned.linked if len(knowledge.links.values) else learned.unlinked
    return Ranking(
        knowledge=knowledge,
        vocabulary=vocabulary(knowledge.words, [*learned.words, *names, *transliterations]),
        topic_names=strings(topics.names),
        memory=remember(topics.vectors, topics.of[there], positions[there], topics.gains[there], knowledge.vectors),
        lens=learned.lens,
        aspects=knowledge.vectors.whole() @ learned.lens.axes,
        columns=learned.columns,
        trees=trees.tables(),
    )


def _places(best: Integers) -> dict[int, int]:
    return {position: place for place, position in enumerate(best.tolist(), start=1)}
