"""What a ranking knows of the library before any query: arrays over the verses of the embedded text.

A verse is met here by its position in that text, from 0.
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
    """The verse ids, lengths in characters, books and chapters of the verses; chapters are numbered from 0."""

    places: Integers
    lengths: Floats
    books: Floats
    chapter_of: Integers
    chapter_starts: Integers
    chapter_lengths: Floats


class EnglishText(msgspec.Struct, frozen=True, kw_only=True):
    """A text whose words are searched: its verses at the places of those of the embedded text, and the index of their words."""

    id: str
    verses: Strings
    words: BM25Index


class TopicHeadings(msgspec.Struct, frozen=True, kw_only=True):
    """Topics, and their headings: each is a document of its own under its topic's headword.

    `topic_of` has the topic of each heading, `cited` and `topics` the verses that headings and topics cite, `topics_of` the
    topics that cite a verse, `see` what topics point to. `stems` are the words of headwords without their endings, and
    `headword_stems` which of them each headword has.
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
    see: Ragged


class Comments(msgspec.Struct, frozen=True, kw_only=True):
    """Comments of commentaries: the verses that each speaks of, and the index of their words."""

    verses: Ragged
    words: BM25Index


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Verses with their vectors, the links between them, the topics and comments that speak of them.

    `texts` has the embedded translation and a second one in another style, or None. `words` counts the words of both and of the
    headings; all headings together count once. `links` has the cross references in both directions.
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
        return len(self.verses.places)

    @property
    def nothing(self) -> Floats:
        """A signal that says nothing of any verse."""
        return np.zeros(self.size, dtype=np.float32)

    @property
    def times_cited(self) -> Floats:
        """How many topics cite each verse."""
        return self.headings.topics_of.lengths.astype(np.float32)

    def within(self, verses: VerseRange) -> slice:
        """The positions of the verses of a range."""
        places = self.verses.places
        return slice(int(np.searchsorted(places, verses.start)), int(np.searchsorted(places, verses.end, side="right")))

    def positions(self, verse_ids: Sequence[int] | Integers) -> Integers:
        """Where verses stand; -1 for one that the embedded text lacks."""
        places = self.verses.places
        wanted = np.asarray(verse_ids, dtype=np.int64)
        found = np.searchsorted(places, wanted).clip(max=self.size - 1)
        return np.where(places[found] == wanted, found, -1)

    def without_links(self) -> "Knowledge":
        """The same without cross references."""
        none = np.zeros(0, dtype=np.int64)
        return msgspec.structs.replace(self, links=ragged(self.size, none, none))
