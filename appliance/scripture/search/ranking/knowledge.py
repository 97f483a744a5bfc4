"""The library in the form that ranking uses: arrays about the verses of one translation, built before any query.

This is the translation whose verses have vectors. Each verse is identified by its position in this translation, from 0.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers, Rows
from appliance.infrastructure.strings import Strings, StringTable
from appliance.scripture.canon import VerseRange
from appliance.scripture.search.ranking.bm25_index import BM25Index
from appliance.scripture.search.ranking.quantized_vectors import QuantizedVectors
from appliance.scripture.search.ranking.ragged import Ragged, ragged
from appliance.scripture.search.word_counts import WordCounts


class Verses(msgspec.Struct, frozen=True, kw_only=True):
    """The verses: their ids (`verse_ids`), lengths in characters, books and chapters. Chapters are numbered from 0."""

    verse_ids: Integers
    lengths: Floats
    books: Floats
    chapter_of: Integers
    chapter_starts: Integers
    chapter_lengths: Floats


class EnglishText(msgspec.Struct, frozen=True, kw_only=True):
    """A translation that is searched by words. Its verses have the same positions as in the translation that has vectors."""

    id: str
    verses: Strings
    words: BM25Index


class TopicHeadings(msgspec.Struct, frozen=True, kw_only=True):
    """Topics and their headings. Each heading, with the headword of its topic, is a separate document for search.

    `topic_of` has the topic of each heading. `cited` has the verses that each heading cites, and `topics` the verses that each
    topic cites. `topics_of` has the topics that cite each verse. `see_also` has the topics to which each topic refers. `stems`
    has the stems of all headwords, and `headword_stems` the stems of each headword.
    """

    headwords: Strings
    stems: StringTable
    headword_stems: Ragged
    topic_of: Integers
    words: BM25Index
    vectors: QuantizedVectors
    cited: Ragged
    topics: Ragged
    topics_of: Ragged
    see_also: Ragged


class Comments(msgspec.Struct, frozen=True, kw_only=True):
    """The comments of commentaries: the verses of each comment, and the word index of all comments."""

    verses: Ragged
    words: BM25Index


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Verses with their vectors, cross references, topics and comments.

    `texts` are the translation that has vectors, and a second translation in another style, or None. `words` counts the words
    of both and of the headings. A word that is in several headings is counted once for all of them. `links` has the cross
    references in both directions.
    """

    verses: Verses
    texts: list[EnglishText | None]
    words: WordCounts
    vectors: Rows
    quantized: QuantizedVectors
    links: Ragged
    headings: TopicHeadings
    comments: Comments

    @property
    def size(self) -> int:
        return len(self.verses.verse_ids)

    @property
    def zero_signal(self) -> Floats:
        """A signal that is 0 for every verse."""
        return np.zeros(self.size, dtype=np.float32)

    @property
    def times_cited(self) -> Floats:
        """The number of topics that cite each verse."""
        return self.headings.topics_of.lengths.astype(np.float32)

    def within(self, verses: VerseRange) -> slice:
        """Return the positions of the verses in a range."""
        verse_ids = self.verses.verse_ids
        return slice(
            int(np.searchsorted(verse_ids, verses.start)), int(np.searchsorted(verse_ids, verses.end, side="right"))
        )

    def positions(self, verse_ids: Sequence[int] | Integers) -> Integers:
        """Return the positions of verses. The position is -1 if the translation that has vectors lacks the verse."""
        ids = np.asarray(verse_ids, dtype=np.int64)
        positions = np.searchsorted(self.verses.verse_ids, ids).clip(max=self.size - 1)
        return np.where(self.verses.verse_ids[positions] == ids, positions, -1)

    def without_links(self) -> "Knowledge":
        """Return a copy without cross references."""
        empty = np.zeros(0, dtype=np.int64)
        return msgspec.structs.replace(self, links=ragged(self.size, empty, empty))
