"""What speaks for a verse as an answer to a query: an array over all verses for each signal."""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.database import Reader
from appliance.scripture.search.fts import TextQuery, most_telling_words, stem, telling_words
from appliance.scripture.search.fusion import RRF_K
from appliance.scripture.search.ranking.bm25_index import BM25Index
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter
from appliance.scripture.search.ranking.knowledge import EnglishText, Knowledge, TopicHeadings
from appliance.scripture.search.ranking.memory import Recalled, TopicMemory, neighbour_centroid
from appliance.scripture.search.ranking.ragged import Ragged
from appliance.scripture.search.ranking.top import EVERYWHERE, Best, top

TEXT_DEPTH, COMMENT_DEPTH, HEADING_DEPTH = 300, 100, 200
# How many of the best verses others are reached from.
SEEDS = 60
# How near a heading has to be: those a width further away say a third as much.
HEADING_WIDTH = 0.1


class TopicSignals(msgspec.Struct, frozen=True, kw_only=True):
    """What topical dictionaries say: by the words and the meaning of headings, and by headwords alone."""

    words: Floats
    words_sum: Floats
    cosine: Floats
    meaning: Floats
    meaning_linked: Floats
    headword: Floats
    headword_sum: Floats
    see_also: Floats
    matching: Integers


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Each array has a number for every verse, 0 where a signal says nothing of it.

    `words` are by BM25, a text at a time; `fused` is the reciprocal rank fusion of words and meaning, from whose best verses
    others are reached: by topics that cite both, by cross references, and by two of them. `best` sorts them; of
    equal verses those go first that are nearer in meaning.
    """

    words: list[Floats]
    cosine: Floats
    adapted: Floats
    fused: Floats
    comments: Floats
    topics: TopicSignals
    by_topics: Floats
    linked: Floats
    linked_twice: Floats
    linked_once_or_twice: Floats
    recalled: Recalled | None
    recalled_linked: Floats
    query_words: int
    best: Best


class WordsFound(msgspec.Struct, frozen=True, kw_only=True):
    """What the indexes of words answer: an array a text, and the best rows of comments and headings, with their BM25 scores."""

    texts: list[Floats]
    comments: tuple[Integers, Floats]
    headings: tuple[Integers, Floats]


def find_words(reader: Reader, knowledge: Knowledge, query: TextQuery | None, within: slice = EVERYWHERE) -> WordsFound:
    """Look up the most telling words of a query. Of verses only those of a part of the canon are found."""
    words = most_telling_words(query, knowledge.words.frequency) if query else []
    tokens = [token for word in words for token in reader.tokens(word)]
    return WordsFound(
        texts=[_of_text(text, tokens, within) if text else knowledge.nothing for text in knowledge.texts],
        comments=_best(knowledge.comments.words, tokens, COMMENT_DEPTH),
        headings=_best(knowledge.headings.words, tokens, HEADING_DEPTH),
    )


def gather(
    knowledge: Knowledge,
    adapter: EmbeddingAdapter,
    memory: TopicMemory | None,
    query: TextQuery | None,
    vector: Floats,
    words: WordsFound,
    within: slice = EVERYWHERE,
) -> Signals:
    """Every signal for a query, its vector and what its words found."""
    cosine, adapted = knowledge.quantized.dot_products(vector, adapter.matrix @ vector)
    (heading_cosine,) = knowledge.headings.vectors.dot_products(vector)
    recalled = memory.recall(vector, neighbour_centroid(cosine, knowledge.vectors)) if memory else None
    best = Best(cosine)
    fused = _fused([*words.texts, cosine, adapted], best, within)
    seeds = best.of(fused, SEEDS)
    linked = _reach(knowledge.links, seeds, fused[seeds], knowledge.size)
    linked_twice = _linked(knowledge, linked, best, 5 * SEEDS)
    return Signals(
        words=words.texts,
        cosine=cosine,
        adapted=adapted,
        fused=fused,
        comments=_spread_best(knowledge.comments.verses, *words.comments, knowledge.size),
        topics=_of_topics(knowledge, query, words.headings, heading_cosine, best),
        by_topics=_by_topics(knowledge, seeds, fused[seeds]),
        linked=linked,
        linked_twice=linked_twice,
        linked_once_or_twice=linked + linked_twice,
        recalled=recalled,
        recalled_linked=_linked(knowledge, recalled.ridge, best, SEEDS) if recalled else knowledge.nothing,
        query_words=len(telling_words(query)) if query else 0,
        best=best,
    )


def _fused(signals: list[Floats], best: Best, within: slice) -> Floats:
    fused = np.zeros_like(signals[0])
    for signal in signals:
        verses = best.of(signal, TEXT_DEPTH, within)
        fused[verses] += 1.0 / (RRF_K + 1 + np.arange(len(verses), dtype=np.float32))
    return fused


def _of_text(text: EnglishText, tokens: list[str], within: slice) -> Floats:
    scores = text.words.scores(tokens)
    best = top(scores, TEXT_DEPTH, within)
    signal = np.zeros_like(scores)
    signal[best] = scores[best]
    return signal


def _best(words: BM25Index, tokens: list[str], count: int) -> tuple[Integers, Floats]:
    scores = words.scores(tokens)
    rows = top(scores, count)
    return rows, scores[rows]


def _of_topics(
    knowledge: Knowledge, query: TextQuery | None, found: tuple[Integers, Floats], cosine: Floats, best: Best
) -> TopicSignals:
    size, headings = knowledge.size, knowledge.headings
    rows, scores = found
    near = top(cosine, HEADING_DEPTH)
    meaning = _spread_sum(headings.cited, near, np.exp((cosine[near] - 1.0) / HEADING_WIDTH), size)
    topics, matches = _matching_topics(headings, rows, query)
    which, seen = headings.see.of(topics)
    return TopicSignals(
        words=_spread_best(headings.cited, rows, scores, size),
        words_sum=_spread_sum(headings.cited, rows, scores, size),
        cosine=_spread_best(headings.cited, near, cosine[near], size),
        meaning=meaning,
        meaning_linked=_linked(knowledge, meaning, best, SEEDS),
        headword=_spread_best(headings.topics, topics, matches, size),
        headword_sum=_spread_sum(headings.topics, topics, matches, size),
        see_also=_spread_best(headings.topics, seen, matches[which], size),
        matching=topics[np.argsort(-matches, kind="stable")],
    )


def _matching_topics(headings: TopicHeadings, rows: Integers, query: TextQuery | None) -> tuple[Integers, Floats]:
    """Topics by how much of the query their headwords cover, and how much of them the query."""
    wanted = {stem(word) for word in telling_words(query)} if query else set[str]()
    known = [number for number in map(headings.stems.find, wanted) if number is not None]
    topics = np.unique(headings.topic_of[rows])
    which, stems = headings.headword_stems.of(topics)
    shared = np.bincount(which[np.isin(stems, known)], minlength=len(topics))
    topics, shared = topics[shared > 0], shared[shared > 0]
    given = headings.headword_stems.lengths_of(topics)
    return topics, (shared * shared / (len(wanted) * given)).astype(np.float32)


def _linked(knowledge: Knowledge, signal: Floats, best: Best, count: int) -> Floats:
    """What cross references tie to the best verses of a signal."""
    verses = best.of(signal, count)
    return _reach(knowledge.links, verses, signal[verses], knowledge.size)


def _by_topics(knowledge: Knowledge, seeds: Integers, weights: Floats) -> Floats:
    """One step from verses to the topics that cite them, and one to what else those cite."""
    headings = knowledge.headings
    topics = _reach(headings.topics_of, seeds, weights, len(headings.topics))
    best = top(topics / np.maximum(1.0, headings.topics.lengths) ** 0.25, 2 * SEEDS)
    return _reach(headings.topics, best, topics[best], knowledge.size)


def _reach(links: Ragged, seeds: Integers, weights: Floats, size: int) -> Floats:
    """One step of a random walk from weighted seeds."""
    which, targets = links.of(seeds)
    shares = weights / np.maximum(1, links.lengths_of(seeds))
    return np.bincount(targets, weights=shares[which], minlength=size).astype(np.float32)


def _spread_best(ragged: Ragged, rows: Integers, scores: Floats, size: int) -> Floats:
    """The best score of the rows that hold a verse."""
    which, positions = ragged.of(rows)
    signal = np.zeros(size, dtype=np.float32)
    np.maximum.at(signal, positions, scores[which])
    return signal


def _spread_sum(ragged: Ragged, rows: Integers, scores: Floats, size: int) -> Floats:
    """All scores of the rows that hold a verse; rows that hold many say less of each."""
    which, positions = ragged.of(rows)
    shares = scores / np.maximum(1.0, ragged.lengths_of(rows)) ** 0.5
    return np.bincount(positions, weights=shares[which], minlength=size).astype(np.float32)
