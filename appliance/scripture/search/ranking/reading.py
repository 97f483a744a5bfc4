"""Reads the ranker's knowledge from the library. This takes a few seconds and about 700 MB, once per state of the library."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers, Rows
from appliance.infrastructure.database import Reader, Row
from appliance.infrastructure.strings import string_table, strings
from appliance.scripture.canon import BOOK_FACTOR, CHAPTER_FACTOR
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.links import store as link_store
from appliance.scripture.numbering import numbering
from appliance.scripture.search.fts import stem
from appliance.scripture.search.ranking.bm25_index import bm25_index
from appliance.scripture.search.ranking.knowledge import (
    Comments,
    EnglishText,
    Knowledge,
    TopicHeadings,
    Verses,
)
from appliance.scripture.search.ranking.quantized_vectors import QuantizedVectors, quantized
from appliance.scripture.search.ranking.ragged import Ragged, ragged, ragged_set, spread
from appliance.scripture.search.word_counts import word_counts
from appliance.scripture.translations.store import EMBEDDING_DIMENSIONS, VERSE_VECTORS
from appliance.scripture.translations.translation import Translation

_WORD = re.compile(r"\w{2,}")
# If a range has more verses, only this many of its verses are used.
MAX_RANGE_VERSES = 30
# A word in a headword counts more than a word in a heading.
HEADWORD_WEIGHT = 3.0
_WITHOUT_MEANING = frozenset({"of", "the", "and", "in", "to"})

SELECT_PLACES = "SELECT verse_id, length(text) FROM verses WHERE translation = ? ORDER BY verse_id"
SELECT_VERSES = "SELECT verse_id, text FROM verses WHERE translation = ? ORDER BY verse_id"
SELECT_HEADINGS = "SELECT id, topic, headword, heading FROM headings"
SELECT_COMMENTS = 'SELECT start, "end", text FROM comments'


def read_knowledge(reader: Reader, embedded: Translation, second: Translation | None, model: str) -> Knowledge:
    """Read a library.

    `embedded` is the translation that has vectors of `model`. `second` is a translation in another style, with other words.
    """
    verses = _verses(reader, embedded)
    counts = Counter[str]()
    texts = [
        _text(reader, translation, verses.verse_ids, counts) if translation else None
        for translation in (embedded, second)
    ]
    headings = reader.rows(SELECT_HEADINGS)
    words = (word for _, _, *heading in headings for word in _WORD.findall(" ".join(heading).lower()))
    counts.update(dict.fromkeys(words, 1))
    vectors = _vectors(reader, embedded, verses.verse_ids)
    return Knowledge(
        verses=verses,
        texts=texts,
        words=word_counts(counts),
        vectors=Rows(vectors),
        quantized=quantized(vectors),
        links=_links(reader, verses.verse_ids),
        headings=_headings(reader, headings, verses.verse_ids, model),
        comments=_comments(reader, verses.verse_ids),
    )


def _verses(reader: Reader, embedded: Translation) -> Verses:
    to_hub = numbering(embedded.versification).to_hub
    rows = reader.rows(SELECT_PLACES, (embedded.id,))
    lengths = {to_hub(place): length for place, length in rows if place % CHAPTER_FACTOR}
    verse_ids = np.array(sorted(lengths), dtype=np.int64)
    starts_chapter = np.diff(verse_ids // CHAPTER_FACTOR, prepend=-1) != 0
    chapter_starts = np.flatnonzero(starts_chapter)
    return Verses(
        verse_ids=verse_ids,
        lengths=np.array([lengths[place] for place in verse_ids.tolist()], dtype=np.float32),
        books=(verse_ids // BOOK_FACTOR).astype(np.float32),
        chapter_of=np.cumsum(starts_chapter) - 1,
        chapter_starts=chapter_starts,
        chapter_lengths=np.diff(chapter_starts, append=len(verse_ids)).astype(np.float32),
    )


def _text(reader: Reader, translation: Translation, verse_ids: Integers, counts: Counter[str]) -> EnglishText:
    to_hub = numbering(translation.versification).to_hub
    positions = _numbered(verse_ids.tolist())
    verses = [""] * len(verse_ids)
    for place, verse in reader.rows(SELECT_VERSES, (translation.id,)):
        counts.update(_WORD.findall(verse.lower()))
        position = positions.get(to_hub(place))
        if position is not None:
            # If two verses of this translation are one verse of the hub, their texts are joined.
            verses[position] = f"{verses[position]} {verse}".lstrip()
    words = ((position, reader.tokens(verse), 1.0) for position, verse in enumerate(verses) if verse)
    return EnglishText(id=translation.id, verses=strings(verses), words=bm25_index(len(verse_ids), words))


def _vectors(reader: Reader, embedded: Translation, verse_ids: Integers) -> Floats:
    vectors = np.zeros((len(verse_ids), EMBEDDING_DIMENSIONS), dtype=np.float32)
    to_hub = numbering(embedded.versification).to_hub
    positions = _numbered(verse_ids.tolist())
    for verse_id, vector in VERSE_VECTORS.each(reader):
        position = positions.get(to_hub(verse_id))
        if position is not None:
            vectors[position] = np.frombuffer(vector, dtype="<f4")
    return vectors


def _links(reader: Reader, verse_ids: Integers) -> Ragged:
    """Return the cross references in both directions, because a link relates both verses to each other."""
    sources, starts, ends, votes = _columns(link_store.iterate_cross_references(reader), 4)
    positions = np.searchsorted(verse_ids, sources).clip(max=len(verse_ids) - 1)
    kept = (votes > 0) & (verse_ids[positions] == sources)
    range_index, targets = _ranges(verse_ids, starts[kept], ends[kept])
    origins = positions[kept][range_index]
    return ragged(len(verse_ids), np.concatenate([origins, targets]), np.concatenate([targets, origins]))


def _headings(reader: Reader, headings: list[Row], verse_ids: Integers, model: str) -> TopicHeadings:
    rows = reader.rows(dictionary_store.SELECT_TOPICS)
    headwords = [str(row[1]) for row in rows]
    topics = _numbered([row[0] for row in rows])
    topic_of = np.array([topics[topic] for _, topic, *_ in headings], dtype=np.int64)
    heading_numbers = {(topic, heading): number for number, (_, topic, _, heading) in enumerate(headings)}
    citations = reader.rows(dictionary_store.SELECT_CITATIONS)
    heading_of = np.array([heading_numbers[topic, heading] for topic, heading, _, _ in citations], dtype=np.int64)
    range_index, positions = _ranges(verse_ids, *_columns([row[2:] for row in citations], 2))
    citing_headings = heading_of[range_index]
    citing_topics = topic_of[citing_headings]
    see = _columns([(topics[topic], topics[other]) for topic, other in reader.rows(dictionary_store.SELECT_SEE)], 2)
    stems = [sorted(_stems(headword)) for headword in headwords]
    stem_table = string_table(dict.fromkeys(itertools.chain.from_iterable(stems)))
    stem_numbers = {name: number for number, name in enumerate(stem_table)}
    return TopicHeadings(
        headwords=strings(headwords),
        stems=stem_table,
        headword_stems=ragged(
            len(rows),
            np.repeat(np.arange(len(rows)), [len(own_stems) for own_stems in stems]),
            np.array([stem_numbers[name] for name in itertools.chain.from_iterable(stems)], dtype=np.int64),
        ),
        topic_of=topic_of,
        words=bm25_index(len(headings), _heading_columns(reader, headings)),
        vectors=_heading_vectors(reader, headings, model),
        cited=ragged_set(len(headings), citing_headings, positions),
        topics=ragged_set(len(rows), citing_topics, positions),
        topics_of=ragged_set(len(verse_ids), positions, citing_topics),
        see_also=ragged(len(rows), see[0], see[1]),
    )


def _heading_vectors(reader: Reader, headings: list[Row], model: str) -> QuantizedVectors:
    numbers = _numbered([row[0] for row in headings])
    vectors = np.zeros((len(headings), EMBEDDING_DIMENSIONS), dtype=np.float32)
    for row, vector in reader.each(dictionary_store.SELECT_HEADING_VECTORS, (model,)):
        if row in numbers:
            vectors[numbers[row]] = np.frombuffer(vector, dtype="<f4")
    return quantized(vectors)


def _heading_columns(reader: Reader, headings: list[Row]) -> Iterator[tuple[int, list[str], float]]:
    for number, (_, _, headword, heading) in enumerate(headings):
        yield number, reader.tokens(headword), HEADWORD_WEIGHT
        yield number, reader.tokens(heading), 1.0


def _comments(reader: Reader, verse_ids: Integers) -> Comments:
    rows = reader.rows(SELECT_COMMENTS)
    words = ((number, reader.tokens(text), 1.0) for number, (_, _, text) in enumerate(rows))
    return Comments(
        verses=ragged(len(rows), *_ranges(verse_ids, *_columns([row[:2] for row in rows], 2))),
        words=bm25_index(len(rows), words),
    )


def _stems(headword: str) -> frozenset[str]:
    return frozenset(map(stem, _WORD.findall(headword))) - _WITHOUT_MEANING


def _ranges(verse_ids: Integers, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Return (range_index, positions) with the positions of all verses in the ranges.

    `positions[i]` is in the range `range_index[i]`.
    """
    first = np.searchsorted(verse_ids, starts)
    last = np.searchsorted(verse_ids, ends, side="right")
    return spread(first, np.minimum(last, first + MAX_RANGE_VERSES).clip(min=first))


def _columns(rows: Iterable[Sequence[Any]], count: int) -> Integers:
    """Convert rows of integers to columns."""
    return np.fromiter(itertools.chain.from_iterable(rows), dtype=np.int64).reshape(-1, count).T


def _numbered(keys: Sequence[Any]) -> dict[int, int]:
    return {int(key): number for number, key in enumerate(keys)}
