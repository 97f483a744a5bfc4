"""The ranking's knowledge of a library of six invented verses, without a database. Each vector has its own direction."""

from collections.abc import Sequence

import numpy as np

from appliance.infrastructure.arrays import Floats, Integers, Rows
from appliance.infrastructure.strings import string_table, strings
from appliance.scripture.search.ranking.bm25_index import BM25Index, bm25_index
from appliance.scripture.search.ranking.knowledge import Comments, EnglishText, Knowledge, TopicHeadings, Verses
from appliance.scripture.search.ranking.memory import TopicMemory, remember
from appliance.scripture.search.ranking.quantized_vectors import quantized
from appliance.scripture.search.ranking.ragged import Ragged, ragged
from appliance.scripture.search.word_counts import word_counts

# Four verses of the first chapter of Genesis, and two of the second.
PLACES = (1_001_001, 1_001_002, 1_001_003, 1_001_004, 1_002_001, 1_002_002)
TEXTS = (
    "The oil is in the jar",
    "A lamp burns in the hall",
    "He sees the lamp of kings",
    "Bread is on the table",
    "A guest is at the door",
    "The door of the hall is open",
)
SIZE = len(PLACES)
# The topics, and the positions of the verses that each topic cites. Each topic has one heading. The first topic refers to
# the second topic.
HEADWORDS, CITED = ("LAMP", "DOOR"), ((1, 2), (4, 5))
# The only comment. It is on the fourth verse.
COMMENT = "Bread for the guest"
# A cross reference between the first verse and the last.
LINKS = ((0, 5), (5, 0))


def direction(*weights: float) -> Floats:
    """A vector with these weights along the directions of the verses. The cosine with each verse is the verse's weight."""
    return np.array([*weights, *[0.0] * (SIZE - len(weights))], dtype=np.float32)


def small_knowledge() -> Knowledge:
    """The knowledge of the library of six verses. The only translation is "Invented"."""
    vectors = np.eye(SIZE, dtype=np.float32)
    return Knowledge(
        verses=Verses(
            verse_ids=np.array(PLACES),
            lengths=np.array([len(text) for text in TEXTS], dtype=np.float32),
            books=np.ones(SIZE, dtype=np.float32),
            chapter_of=np.array([0, 0, 0, 0, 1, 1]),
            chapter_starts=np.array([0, 4]),
            chapter_lengths=np.array([4, 2], dtype=np.float32),
        ),
        texts=[EnglishText(id="Invented", verses=strings(TEXTS), words=_word_index(TEXTS)), None],
        words=word_counts(dict.fromkeys(" ".join(TEXTS).lower().split(), 1)),
        vectors=Rows(vectors),
        quantized=quantized(vectors),
        links=_ragged(SIZE, LINKS),
        headings=_headings(),
        comments=Comments(verses=_ragged(1, [(0, 3)]), words=_word_index([COMMENT])),
    )


def small_memory() -> TopicMemory:
    """Two topics. The vector of the topic `hope` is near the first two verses. The topic has a vote for the fourth verse.

    `peace` is near the last verse, and has a vote for the first verse.
    """
    return remember(
        np.stack([direction(0.8, 0.6), direction(0, 0, 0, 0, 0, 1)]),
        np.array([0, 1]),
        np.array([3, 0]),
        np.array([4.0, 1.0], dtype=np.float32),
        Rows(np.eye(SIZE, dtype=np.float32)),
    )


def _headings() -> TopicHeadings:
    citations = [(topic, verse) for topic, verses in enumerate(CITED) for verse in verses]
    return TopicHeadings(
        headwords=strings(HEADWORDS),
        stems=string_table(headword.lower() for headword in HEADWORDS),
        headword_stems=_ragged(2, [(0, 0), (1, 1)]),
        topic_of=np.array([0, 1]),
        words=_word_index(HEADWORDS),
        vectors=quantized(np.stack([direction(0, 1), direction(0, 0, 0, 0, 1)])),
        cited=_ragged(2, citations),
        topics=_ragged(2, citations),
        topics_of=_ragged(SIZE, [(verse, topic) for topic, verse in citations]),
        see_also=_ragged(2, [(0, 1)]),
    )


def _word_index(texts: Sequence[str]) -> BM25Index:
    """An index of the words in lower case, without stemming. So queries must use words that are equal to their stems."""
    return bm25_index(len(texts), [(row, text.lower().split(), 1.0) for row, text in enumerate(texts)])


def _ragged(rows: int, pairs: Sequence[tuple[int, int]]) -> Ragged:
    columns: Integers = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return ragged(rows, columns[0], columns[1])
