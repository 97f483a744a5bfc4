"""The features of the ranking model: finds the candidate verses of a query, and computes one row of numbers per verse."""

from collections.abc import Iterator

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.memory import Recalled, TopicMemory
from appliance.scripture.search.ranking.signals import Signals
from appliance.scripture.search.ranking.top import EVERYWHERE, MAX_RANKED, TopFinder

Column = tuple[str, Floats | float]


def candidate_positions(signals: Signals, within: slice = EVERYWHERE) -> Integers:
    """Return the positions of the candidate verses, in canonical order. Candidates are the best verses by each signal."""
    depths = [
        (signals.fused, 70),
        (signals.adapted, 45),
        (signals.comments, 25),
        (signals.linked_once_or_twice, 40),
        (signals.by_topics, 30),
        (signals.topics.headword_sum, 30),
        (signals.topics.words_sum, 30),
        (signals.topics.meaning, 40),
    ]
    if signals.recalled:
        depths += [(signals.recalled.ridge, 110), (signals.recalled_linked, 40)]
    return np.unique(np.concatenate([signals.top_finder.find(signal, depth, within) for signal, depth in depths]))


class Features:
    """Computes the rows of features for a library."""

    def __init__(self, knowledge: Knowledge, aspects: Floats, memory: TopicMemory | None) -> None:
        """`aspects` are the vectors of the verses along the axes of an embedding adapter."""
        self._knowledge, self._aspects, self._memory = knowledge, aspects, memory

    def table(self, signals: Signals, positions: Integers) -> tuple[list[str], Floats]:
        """Return the names of the columns, and one row per verse at `positions`."""
        columns = [
            *self._of_text(signals, positions),
            *self._of_neighbours(signals, positions),
            *self._of_topics(signals, positions),
            *self._of_links(signals, positions),
            *self._of_verse(positions),
        ]
        if self._memory and signals.recalled:
            columns += self._of_memory(self._memory, signals.recalled, signals, positions)
        table = np.empty((len(positions), len(columns)), dtype=np.float32)
        for number, (_, values) in enumerate(columns):
            table[:, number] = values
        return [name for name, _ in columns], table

    def _of_text(self, signals: Signals, positions: Integers) -> Iterator[Column]:
        for name, signal in zip(("words", "second_words"), signals.words, strict=True):
            yield name, signal[positions]
            yield f"{name}_share", _share(signal, positions)
        yield "query_words", float(signals.query_words)
        for name, signal in (("cosine", signals.cosine), ("adapted", signals.adapted)):
            yield name, signal[positions]
            yield f"{name}_below_best", signal.max() - signal[positions]
            yield f"{name}_rank", _ranks(signal, positions, signals.top_finder)
        yield "best_cosine", float(signals.cosine.max())
        yield "fused", signals.fused[positions]
        yield "fused_rank", _ranks(signals.fused, positions, signals.top_finder)
        yield "comments", signals.comments[positions]
        yield "comments_share", _share(signals.comments, positions)

    def _of_neighbours(self, signals: Signals, positions: Integers) -> Iterator[Column]:
        words = signals.words[0] + signals.words[1]
        for name, signal in (("cosine", signals.cosine), ("words", words)):
            padded = np.pad(signal, 2)
            yield f"{name}_beside", (padded[positions + 1] + padded[positions + 3]) / 2
            yield (
                f"{name}_near",
                (padded[positions] + padded[positions + 1] + padded[positions + 3] + padded[positions + 4]) / 4,
            )
            yield f"{name}_chapter", self._chapter_means(signal, positions)
        yield "adapted_chapter", self._chapter_means(signals.adapted, positions)

    def _of_topics(self, signals: Signals, positions: Integers) -> Iterator[Column]:
        topics = signals.topics
        yield "heading_words", topics.words[positions]
        yield "heading_words_share", _share(topics.words, positions)
        yield "heading_words_sum", topics.words_sum[positions]
        yield "heading_words_rank", _ranks(topics.words_sum, positions, signals.top_finder)
        yield "heading_cosine", topics.cosine[positions]
        yield "heading_cosine_share", _share(topics.cosine, positions)
        yield "best_heading_cosine", float(topics.cosine.max())
        yield "heading_meaning", topics.meaning[positions]
        yield "heading_meaning_share", _share(topics.meaning, positions)
        yield "heading_meaning_rank", _ranks(topics.meaning, positions, signals.top_finder)
        yield "heading_meaning_chapter", self._chapter_means(topics.meaning, positions)
        yield "heading_meaning_linked", topics.meaning_linked[positions]
        yield "headword", topics.headword[positions]
        yield "best_headword", float(topics.headword.max())
        yield "headword_sum", topics.headword_sum[positions]
        yield "headword_chapter", self._chapter_means(topics.headword_sum, positions)
        yield "see_also", topics.see_also[positions]
        yield "by_topics", signals.by_topics[positions]
        yield "by_topics_rank", _ranks(signals.by_topics, positions, signals.top_finder)

    def _of_links(self, signals: Signals, positions: Integers) -> Iterator[Column]:
        yield "linked", signals.linked[positions]
        yield "linked_twice", signals.linked_twice[positions]
        yield "linked_rank", _ranks(signals.linked_once_or_twice, positions, signals.top_finder)
        yield "links", self._knowledge.links.lengths_of(positions).astype(np.float32)

    def _of_verse(self, positions: Integers) -> Iterator[Column]:
        verses = self._knowledge.verses
        yield "book", verses.books[positions]
        yield "verse_length", verses.lengths[positions]
        yield "chapter_length", verses.chapter_lengths[verses.chapter_of[positions]]
        yield "times_cited", self._knowledge.times_cited[positions]
        for number in range(self._aspects.shape[1]):
            yield f"aspect_{number}", self._aspects[positions, number]

    def _of_memory(
        self, memory: TopicMemory, recalled: Recalled, signals: Signals, positions: Integers
    ) -> Iterator[Column]:
        ridge = recalled.ridge
        yield "memory", ridge[positions]
        yield "memory_share", _share(ridge, positions)
        yield "memory_rank", _ranks(ridge, positions, signals.top_finder)
        yield "best_memory", float(ridge.max())
        yield "memory_narrow", recalled.narrow[positions]
        yield "memory_narrow_share", _share(recalled.narrow, positions)
        yield "memory_wide", memory.wide(recalled, positions)
        yield "nearest_topic", recalled.likeness
        padded = np.pad(ridge, 1)
        yield "memory_beside", np.maximum(padded[positions], padded[positions + 2])
        yield "memory_chapter", self._chapter_means(ridge, positions)
        yield "memory_linked", signals.recalled_linked[positions]
        yield "memory_linked_rank", _ranks(signals.recalled_linked, positions, signals.top_finder)
        yield "gained", memory.gain_sums[positions]
        yield "times_voted", memory.times_voted[positions]

    def _chapter_means(self, signal: Floats, positions: Integers) -> Floats:
        verses = self._knowledge.verses
        means: Floats = np.add.reduceat(signal, verses.chapter_starts) / verses.chapter_lengths
        chosen: Floats = means[verses.chapter_of[positions]]
        return chosen


def _share(signal: Floats, positions: Integers) -> Floats:
    """Return the value of each verse, divided by the largest value of the signal."""
    shares: Floats = signal[positions] / max(float(signal.max()), 1e-9)
    return shares


def _ranks(signal: Floats, positions: Integers, top_finder: TopFinder) -> Floats:
    """Return the rank of each verse among all verses, from 1. All verses after the first 400 have the same rank."""
    ranked = top_finder.find(signal, MAX_RANKED)
    ranks = np.full(len(signal), MAX_RANKED + 1, dtype=np.float32)
    ranks[ranked] = np.arange(1, len(ranked) + 1)
    return ranks[positions]
