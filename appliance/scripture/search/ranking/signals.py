"""The signals of a query. Each signal is an array with one number per verse."""

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.database import Reader
from appliance.scripture.search.fts import TextQuery, content_words, rarest_content_words, stem
from appliance.scripture.search.fusion import RRF_K
from appliance.scripture.search.ranking.bm25_index import BM25Index
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter
from appliance.scripture.search.ranking.knowledge import EnglishText, Knowledge, TopicHeadings
from appliance.scripture.search.ranking.memory import Recalled, TopicMemory, neighbour_centroid
from appliance.scripture.search.ranking.ragged import Ragged
from appliance.scripture.search.ranking.top import EVERYWHERE, TopFinder, top

TEXT_DEPTH, COMMENT_DEPTH, HEADING_DEPTH = 300, 100, 200
# How many of the best verses are used to find linked verses and topics.
SEEDS = 60
# If the cosine of a heading is lower by this, its weight falls to about a third.
HEADING_WIDTH = 0.1


class TopicSignals(msgspec.Struct, frozen=True, kw_only=True):
    """Signals from topical dictionaries: by the words of headings, by their meaning, and by headwords alone."""

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
    """The signals of a query. In each array, a verse has the number 0 if the signal does not apply to it.

    `words` has the BM25 scores, one array per translation. `fused` is the reciprocal rank fusion of words and meaning. Three
    signals start from the best verses of `fused`. `by_topics` finds verses that the same topics cite. `linked` finds verses
    that are one cross reference away, and `linked_twice` finds verses that are two cross references away. `top_finder` finds
    the best verses of a signal. If verses are equal, the verse that is nearer in meaning comes first.
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
    top_finder: TopFinder


class WordMatches(msgspec.Struct, frozen=True, kw_only=True):
    """The BM25 scores from the word indexes: one array per translation, and the best rows of comments and headings."""

    texts: list[Floats]
    comments: tuple[Integers, Floats]
    headings: tuple[Integers, Floats]


def find_words(
    reader: Reader, knowledge: Knowledge, query: TextQuery | None, within: slice = EVERYWHERE
) -> WordMatches:
    """Look up the rarest content words of a query. Only verses in the slice `within` get scores."""
    words = rarest_content_words(query, knowledge.words.frequency) if query else []
    tokens = [token for word in words for token in reader.tokens(word)]
    return WordMatches(
        texts=[_text_signal(text, tokens, within) if text else knowledge.zero_signal for text in knowledge.texts],
        comments=_best_rows(knowledge.comments.words, tokens, COMMENT_DEPTH),
        headings=_best_rows(knowledge.headings.words, tokens, HEADING_DEPTH),
    )


def gather(
    knowledge: Knowledge,
    adapter: EmbeddingAdapter,
    memory: TopicMemory | None,
    query: TextQuery | None,
    vector: Floats,
    words: WordMatches,
    within: slice = EVERYWHERE,
) -> Signals:
    """Compute every signal of a query, from the vector and the word matches of the query."""
    cosine, adapted = knowledge.quantized.dot_products(vector, adapter.matrix @ vector)
    (heading_cosine,) = knowledge.headings.vectors.dot_products(vector)
    recalled = memory.recall(vector, neighbour_centroid(cosine, knowledge.vectors)) if memory else None
    top_finder = TopFinder(cosine)
    fused = _fused([*words.texts, cosine, adapted], top_finder, within)
    seeds = top_finder.find(fused, SEEDS)
    linked = _reach(knowledge.links, seeds, fused[seeds], knowledge.size)
    linked_twice = _linked(knowledge, linked, top_finder, 5 * SEEDS)
    return Signals(
        words=words.texts,
        cosine=cosine,
        adapted=adapted,
        fused=fused,
        comments=_spread_best(knowledge.comments.verses, *words.comments, knowledge.size),
        topics=_topic_signals(knowledge, query, words.headings, heading_cosine, top_finder),
        by_topics=_by_topics(knowledge, seeds, fused[seeds]),
        linked=linked,
        linked_twice=linked_twice,
        linked_once_or_twice=linked + linked_twice,
        recalled=recalled,
        recalled_linked=_linked(knowledge, recalled.ridge, top_finder, SEEDS) if recalled else knowledge.zero_signal,
        query_words=len(content_words(query)) if query else 0,
        top_finder=top_finder,
    )


def _fused(signals: list[Floats], top_finder: TopFinder, within: slice) -> Floats:
    fused = np.zeros_like(signals[0])
    for signal in signals:
        verses = top_finder.find(signal, TEXT_DEPTH, within)
        fused[verses] += 1.0 / (RRF_K + 1 + np.arange(len(verses), dtype=np.float32))
    return fused


def _text_signal(text: EnglishText, tokens: list[str], within: slice) -> Floats:
    scores = text.words.scores(tokens)
    positions = top(scores, TEXT_DEPTH, within)
    signal = np.zeros_like(scores)
    signal[positions] = scores[positions]
    return signal


def _best_rows(words: BM25Index, tokens: list[str], count: int) -> tuple[Integers, Floats]:
    scores = words.scores(tokens)
    rows = top(scores, count)
    return rows, scores[rows]


def _topic_signals(
    knowledge: Knowledge,
    query: TextQuery | None,
    matching_headings: tuple[Integers, Floats],
    cosine: Floats,
    top_finder: TopFinder,
) -> TopicSignals:
    """Compute the signals from topical dictionaries.

    `matching_headings` has the best headings by words, with their scores. `cosine` has one value per heading.
    """
    size, headings = knowledge.size, knowledge.headings
    rows, scores = matching_headings
    nearest = top(cosine, HEADING_DEPTH)
    meaning = _spread_sum(headings.cited, nearest, np.exp((cosine[nearest] - 1.0) / HEADING_WIDTH), size)
    topics, coverage = _matching_topics(headings, rows, query)
    row_index, see_also = headings.see_also.values_of(topics)
    return TopicSignals(
        words=_spread_best(headings.cited, rows, scores, size),
        words_sum=_spread_sum(headings.cited, rows, scores, size),
        cosine=_spread_best(headings.cited, nearest, cosine[nearest], size),
        meaning=meaning,
        meaning_linked=_linked(knowledge, meaning, top_finder, SEEDS),
        headword=_spread_best(headings.topics, topics, coverage, size),
        headword_sum=_spread_sum(headings.topics, topics, coverage, size),
        see_also=_spread_best(headings.topics, see_also, coverage[row_index], size),
        matching=topics[np.argsort(-coverage, kind="stable")],
    )


def _matching_topics(headings: TopicHeadings, rows: Integers, query: TextQuery | None) -> tuple[Integers, Floats]:
    """Return the topics whose headwords share words with the query, and a score for each topic.

    The score is the shared part of the query multiplied by the shared part of the headword.
    """
    query_stems = {stem(word) for word in content_words(query)} if query else set[str]()
    stem_numbers = [number for number in map(headings.stems.find, query_stems) if number is not None]
    topics = np.unique(headings.topic_of[rows])
    row_index, stems = headings.headword_stems.values_of(topics)
    shared = np.bincount(row_index[np.isin(stems, stem_numbers)], minlength=len(topics))
    topics, shared = topics[shared > 0], shared[shared > 0]
    lengths = headings.headword_stems.lengths_of(topics)
    return topics, (shared * shared / (len(query_stems) * lengths)).astype(np.float32)


def _linked(knowledge: Knowledge, signal: Floats, top_finder: TopFinder, count: int) -> Floats:
    """Return the verses that cross references link to the best verses of a signal."""
    verses = top_finder.find(signal, count)
    return _reach(knowledge.links, verses, signal[verses], knowledge.size)


def _by_topics(knowledge: Knowledge, seeds: Integers, weights: Floats) -> Floats:
    """Compute a step from verses to the topics that cite them, then a step from these topics to their other verses."""
    headings = knowledge.headings
    topics = _reach(headings.topics_of, seeds, weights, len(headings.topics))
    best_topics = top(topics / np.maximum(1.0, headings.topics.lengths) ** 0.25, 2 * SEEDS)
    return _reach(headings.topics, best_topics, topics[best_topics], knowledge.size)


def _reach(links: Ragged, seeds: Integers, weights: Floats, size: int) -> Floats:
    """Compute one step of a random walk that starts at weighted seeds."""
    row_index, targets = links.values_of(seeds)
    shares = weights / np.maximum(1, links.lengths_of(seeds))
    return np.bincount(targets, weights=shares[row_index], minlength=size).astype(np.float32)


def _spread_best(ragged: Ragged, rows: Integers, scores: Floats, size: int) -> Floats:
    """Return, for each verse, the best score of the rows that contain the verse."""
    row_index, positions = ragged.values_of(rows)
    signal = np.zeros(size, dtype=np.float32)
    np.maximum.at(signal, positions, scores[row_index])
    return signal


def _spread_sum(ragged: Ragged, rows: Integers, scores: Floats, size: int) -> Floats:
    """Return, for each verse, the sum of the scores of the rows that contain it. Rows with many verses count less per verse."""
    row_index, positions = ragged.values_of(rows)
    shares = scores / np.maximum(1.0, ragged.lengths_of(rows)) ** 0.5
    return np.bincount(positions, weights=shares[row_index], minlength=size).astype(np.float32)
