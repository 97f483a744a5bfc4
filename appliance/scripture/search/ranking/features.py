"""What the trees see: the verses worth ranking, and a row of numbers for each."""

from collections.abc import Iterator

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.memory import Recalled, TopicMemory
from appliance.scripture.search.ranking.signals import Signals
from appliance.scripture.search.ranking.top import EVERYWHERE, MAX_RANKED, Best

Column = tuple[str, Floats | float]


def candidate_positions(signals: Signals, within: slice = EVERYWHERE) -> Integers:
    """The positions worth ranking, in the order of the canon: the best by each signal."""
    deepest = [
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
        deepest += [(signals.recalled.ridge, 110), (signals.recalled_linked, 40)]
    return np.unique(np.concatenate([signals.best.of(signal, depth, within) for signal, depth in deepest]))


class Features:
    """Makes the rows for a library."""

    def __init__(self, knowledge: Knowledge, aspects: Floats, memory: TopicMemory | None) -> None:
        """`aspects` are the vectors of the verses along the axes of an embedding adapter."""
        self._knowledge, self._aspects, self._memory = knowledge, aspects, memory

    def table(self, signals: Signals, at: Integers) -> tuple[list[str], Floats]:
        """The names of the columns, and a row for each of the verses at the positions `at`."""
        columns = [
            *self._of_text(signals, at),
            *self._of_neighbours(signals, at),
            *self._of_topics(signals, at),
            *self._of_links(signals, at),
            *self._of_verse(at),
        ]
        if self._memory and signals.recalled:
            columns += self._of_memory(self._memory, signals.recalled, signals, at)
        table = np.empty((len(at), len(columns)), dtype=np.float32)
        for number, (_, values) in enumerate(columns):
            table[:, number] = values
        return [name for name, _ in columns], table

    def _of_text(self, signals: Signals, at: Integers) -> Iterator[Column]:
        for name, signal in zip(("words", "second_words"), signals.words, strict=True):
            yield name, signal[at]
            yield f"{name}_share", _share(signal, at)
        yield "query_words", float(signals.query_words)
        for name, signal in (("cosine", signals.cosine), ("adapted", signals.adapted)):
            yield name, signal[at]
            yield f"{name}_below_best", signal.max() - signal[at]
            yield f"{name}_rank", _ranks(signal, at, signals.best)
        yield "best_cosine", float(signals.cosine.max())
        yield "fused", signals.fused[at]
        yield "fused_rank", _ranks(signals.fused, at, signals.best)
        yield "comments", signals.comments[at]
        yield "comments_share", _share(signals.comments, at)

    def _of_neighbours(self, signals: Signals, at: Integers) -> Iterator[Column]:
        words = signals.words[0] + signals.words[1]
        for name, signal in (("cosine", signals.cosine), ("words", words)):
            padded = np.pad(signal, 2)
            yield f"{name}_beside", (padded[at + 1] + padded[at + 3]) / 2
            yield f"{name}_near", (padded[at] + padded[at + 1] + padded[at + 3] + padded[at + 4]) / 4
            yield f"{name}_chapter", self._chapter_means(signal, at)
        yield "adapted_chapter", self._chapter_means(signals.adapted, at)

    def _of_topics(self, signals: Signals, at: Integers) -> Iterator[Column]:
        topics = signals.topics
        yield "heading_words", topics.words[at]
        yield "heading_words_share", _share(topics.words, at)
        yield "heading_words_sum", topics.words_sum[at]
        yield "heading_words_rank", _ranks(topics.words_sum, at, signals.best)
        yield "heading_cosine", topics.cosine[at]
        yield "heading_cosine_share", _share(topics.cosine, at)
        yield "best_heading_cosine", float(topics.cosine.max())
        yield "heading_meaning", topics.meaning[at]
        yield "heading_meaning_share", _share(topics.meaning, at)
        yield "heading_meaning_rank", _ranks(topics.meaning, at, signals.best)
        yield "heading_meaning_chapter", self._chapter_means(topics.meaning, at)
        yield "heading_meaning_linked", topics.meaning_linked[at]
        yield "headword", topics.headword[at]
        yield "best_headword", float(topics.headword.max())
        yield "headword_sum", topics.headword_sum[at]
        yield "headword_chapter", self._chapter_means(topics.headword_sum, at)
        yield "see_also", topics.see_also[at]
        yield "by_topics", signals.by_topics[at]
        yield "by_topics_rank", _ranks(signals.by_topics, at, signals.best)

    def _of_links(self, signals: Signals, at: Integers) -> Iterator[Column]:
        yield "linked", signals.linked[at]
        yield "linked_twice", signals.linked_twice[at]
        yield "linked_rank", _ranks(signals.linked_once_or_twice, at, signals.best)
        yield "links", self._knowledge.links.lengths_of(at).astype(np.float32)

    def _of_verse(self, at: Integers) -> Iterator[Column]:
        verses = self._knowledge.verses
        yield "book", verses.books[at]
        yield "verse_length", verses.lengths[at]
        yield "chapter_length", verses.chapter_lengths[verses.chapter_of[at]]
        yield "times_cited", self._knowledge.times_cited[at]
        for number in range(self._aspects.shape[1]):
            yield f"aspect_{number}", self._aspects[at, number]

    def _of_memory(self, memory: TopicMemory, recalled: Recalled, signals: Signals, at: Integers) -> Iterator[Column]:
        ridge = recalled.ridge
        yield "memory", ridge[at]
        yield "memory_share", _share(ridge, at)
        yield "memory_rank", _ranks(ridge, at, signals.best)
        yield "best_memory", float(ridge.max())
        yield "memory_narrow", recalled.narrow[at]
        yield "memory_narrow_share", _share(recalled.narrow, at)
        yield "memory_wide", memory.wide(recalled, at)
        yield "nearest_topic", recalled.likeness
        padded = np.pad(ridge, 1)
        yield "memory_beside", np.maximum(padded[at], padded[at + 2])
        yield "memory_chapter", self._chapter_means(ridge, at)
        yield "memory_linked", signals.recalled_linked[at]
        yield "memory_linked_rank", _ranks(signals.recalled_linked, at, signals.best)
        yield "gained", memory.gained[at]
        yield "times_voted", memory.times_voted[at]

    def _chapter_means(self, signal: Floats, at: Integers) -> Floats:
        verses = self._knowledge.verses
        means: Floats = np.add.reduceat(signal, verses.chapter_starts) / verses.chapter_lengths
        chosen: Floats = means[verses.chapter_of[at]]
        return chosen


def _share(signal: Floats, at: Integers) -> Floats:
    """Each verse's part of the best one's number."""
    shares: Floats = signal[at] / max(float(signal.max()), 1e-9)
    return shares


def _ranks(signal: Floats, at: Integers, best: Best) -> Floats:
    """The place of each verse among all; those that are far down share one."""
    places = best.of(signal, MAX_RANKED)
    ranks = np.full(len(signal), MAX_RANKED + 1, dtype=np.float32)
    ranks[places] = np.arange(1, len(places) + 1)
    return ranks[at]
