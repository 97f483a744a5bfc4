"""What a ranking knows of the library before any query: arrays over the verses of the embedded text.

A verse is met here by its position in that text, from 0. Reading takes a few seconds and some 300 MB; what is
read is never changed.
"""

import copy
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.infrastructure.database import Reader, Row
from appliance.scripture import store
from appliance.scripture.canon import BOOK_FACTOR, CHAPTER_FACTOR
from appliance.scripture.companions import store as companion_store
from appliance.scripture.lexicon import fold
from appliance.scripture.numbering import numbering
from appliance.scripture.passage import Translation
from appliance.scripture.search.fts import stem
from appliance.scripture.search.ranking.bm25_index import BM25Index
from appliance.scripture.search.ranking.quantized_vectors import QuantizedVectors
from appliance.scripture.store import EMBEDDING_DIMENSIONS, VERSE_VECTORS

# Of 32 bits where they are kept; between two steps of a computation numpy may make 64 of them.
Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]

_WORD = re.compile(r"\w{2,}")
# Of longer ranges the first verses stand for the whole.
LONGEST_RANGE = 30

SELECT_PLACES = "SELECT verse_id, length(text) FROM verses WHERE translation = ? ORDER BY verse_id"
SELECT_VERSES = "SELECT verse_id, text FROM verses WHERE translation = ? ORDER BY verse_id"
SELECT_HEADINGS = "SELECT id, topic, headword, heading FROM headings"
SELECT_COMMENTS = 'SELECT start, "end", text FROM comments'
# A headword says more than a heading.
HEADWORD_WEIGHT = 3.0


class Ragged:
    """Rows of different lengths in one array: row `i` is `values[offsets[i]:offsets[i + 1]]`."""

    def __init__(self, rows: int, of: Integers, values: Integers) -> None:
        """Of values in any order, `of` says in which row each stands."""
        order = np.argsort(of, kind="stable")
        self.values = values[order].astype(np.int32)
        self.offsets = np.searchsorted(of[order], np.arange(rows + 1))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        return np.diff(self.offsets)

    def of(self, rows: Integers) -> tuple[Integers, Integers]:
        """The values of several rows, and by its place in `rows` of which row each is."""
        which, at = _spread(self.offsets[rows], self.offsets[rows + 1])
        return which, self.values[at]


class EnglishText(NamedTuple):
    """A text whose words are searched: its verses at the places of those of the embedded text, and the index of their words."""

    id: str
    verses: list[str]
    words: BM25Index


class Knowledge:
    """Verses with their vectors, the links between them, the topics and comments that speak of them."""

    def __init__(self, reader: Reader, embedded: Translation, second: Translation | None, model: str) -> None:
        """`embedded` is the text whose verses have vectors of `model`; a `second` one, of another style, has other words for the same."""
        self.embedded = embedded
        self._read_verses(reader)
        # How often each word stands in the texts; the words of headwords and headings stand there too.
        self.words = Counter[str]()
        self.texts = [self._read_text(reader, each) if each else None for each in (embedded, second)]
        self.vectors = self._read_vectors(reader)
        self.quantized = QuantizedVectors(self.vectors)
        self.links = self._read_links(reader)
        headings = reader.rows(SELECT_HEADINGS)
        self._read_topics(reader, headings)
        self.quantized_headings = QuantizedVectors(self._read_heading_vectors(reader, model))
        self.words.update({word for _, _, *heading in headings for word in _WORD.findall(" ".join(heading).lower())})
        self.transliterations = frozenset(fold(row[2]) for row in reader.rows(store.SELECT_LEMMAS))
        comments = reader.rows(SELECT_COMMENTS)
        self.comments = Ragged(len(comments), *self._ranges(*_columns([row[:2] for row in comments], 2)))
        self.comment_words = BM25Index(
            len(comments), ((number, reader.tokens(text), 1.0) for number, (_, _, text) in enumerate(comments))
        )

    @property
    def size(self) -> int:
        return len(self.places)

    def frequency(self, word: str) -> int:
        """How often a word stands in the texts."""
        return self.words[word.lower()]

    def within(self, first: int, last: int) -> slice:
        """The positions of the verses between two verse ids, both included."""
        return slice(int(np.searchsorted(self.places, first)), int(np.searchsorted(self.places, last, side="right")))

    def positions(self, verse_ids: Sequence[int] | Integers) -> Integers:
        """Where verses stand; -1 for one that the embedded text lacks."""
        wanted = np.asarray(verse_ids, dtype=np.int64)
        found = np.searchsorted(self.places, wanted).clip(max=self.size - 1)
        return np.where(self.places[found] == wanted, found, -1)

    def _read_verses(self, reader: Reader) -> None:
        to_hub = numbering(self.embedded.versification).to_hub
        rows = reader.rows(SELECT_PLACES, (self.embedded.id,))
        lengths = {to_hub(place): length for place, length in rows if place % CHAPTER_FACTOR}
        self.places = np.array(sorted(lengths), dtype=np.int64)
        self.verse_lengths = np.array([lengths[place] for place in self.places.tolist()], dtype=np.float32)
        self.books = (self.places // BOOK_FACTOR).astype(np.float32)
        self.nothing = np.zeros(self.size, dtype=np.float32)
        is_first = np.diff(self.places // CHAPTER_FACTOR, prepend=-1) != 0
        self.chapter_starts = np.flatnonzero(is_first)
        self.chapter_of = np.cumsum(is_first) - 1
        self.chapter_lengths = np.diff(self.chapter_starts, append=self.size).astype(np.float32)

    def _read_text(self, reader: Reader, text: Translation) -> EnglishText:
        rows = reader.rows(SELECT_VERSES, (text.id,))
        to_hub = numbering(text.versification).to_hub
        verses = [""] * self.size
        for at, (_, verse) in zip(self.positions([to_hub(place) for place, _ in rows]).tolist(), rows, strict=True):
            self.words.update(_WORD.findall(verse.lower()))
            if at >= 0:
                # Where two verses of a text are one of the hub's, their words stand together.
                verses[at] = f"{verses[at]} {verse}".lstrip()
        words = ((at, reader.tokens(verse), 1.0) for at, verse in enumerate(verses) if verse)
        return EnglishText(text.id, verses, BM25Index(self.size, words))

    def _read_vectors(self, reader: Reader) -> Floats:
        vectors = np.zeros((self.size, EMBEDDING_DIMENSIONS), dtype=np.float32)
        to_hub = numbering(self.embedded.versification).to_hub
        positions = {place: position for position, place in enumerate(self.places.tolist())}
        for verse_id, vector in VERSE_VECTORS.each(reader):
            position = positions.get(to_hub(verse_id))
            if position is not None:
                vectors[position] = np.frombuffer(vector, dtype="<f4")
        return vectors

    def _read_heading_vectors(self, reader: Reader, model: str) -> Floats:
        vectors = np.zeros((len(self.headings), EMBEDDING_DIMENSIONS), dtype=np.float32)
        for row, vector in reader.each(store.SELECT_HEADING_VECTORS, (model,)):
            if row in self.heading_rows:
                vectors[self.heading_rows[row]] = np.frombuffer(vector, dtype="<f4")
        return vectors

    def without_links(self) -> "Knowledge":
        """The same without cross references."""
        none = np.zeros(0, dtype=np.int64)
        bare = copy.copy(self)
        bare.links = Ragged(self.size, none, none)
        return bare

    def _read_links(self, reader: Reader) -> Ragged:
        """Cross references in both directions: a link says as much of where it comes from."""
        sources, starts, ends, votes = _columns(companion_store.each_cross_reference(reader), 4)
        positions = self.positions(sources)
        kept = (votes > 0) & (positions >= 0)
        which, targets = self._ranges(starts[kept], ends[kept])
        origins = positions[kept][which]
        return Ragged(self.size, np.concatenate([origins, targets]), np.concatenate([targets, origins]))

    def _read_topics(self, reader: Reader, headings: list[Row]) -> None:
        rows = reader.rows(store.SELECT_TOPICS)
        self.headwords = [str(row[1]) for row in rows]
        self.headword_stems = [_stems(headword) for headword in self.headwords]
        topics = _numbered([row[0] for row in rows])
        self.heading_rows = _numbered([row[0] for row in headings])
        self.heading_topics = np.array([topics[topic] for _, topic, *_ in headings], dtype=np.int64)
        number = {(topic, heading): number for number, (_, topic, _, heading) in enumerate(headings)}
        cited = reader.rows(store.SELECT_CITATIONS)
        heading_of = np.array([number[topic, heading] for topic, heading, _, _ in cited], dtype=np.int64)
        which, positions = self._ranges(*_columns([row[2:] for row in cited], 2))
        self.headings = _without_doubles(len(headings), heading_of[which], positions)
        topic_of = self.heading_topics[heading_of[which]]
        self.topics = _without_doubles(len(rows), topic_of, positions)
        self.topics_of = _without_doubles(self.size, positions, topic_of)
        see = _columns([(topics[one], topics[other]) for one, other in reader.rows(store.SELECT_SEE)], 2)
        self.see = Ragged(len(rows), see[0], see[1])
        self.heading_words = BM25Index(len(headings), _heading_columns(reader, headings))
        self.times_cited = np.bincount(self.topics.values, minlength=self.size).astype(np.float32)

    def _ranges(self, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
        """The positions of ranges of verses, and by its place in `starts` of which range each is."""
        first = np.searchsorted(self.places, starts)
        last = np.searchsorted(self.places, ends, side="right")
        return _spread(first, np.minimum(last, first + LONGEST_RANGE).clip(min=first))


def _heading_columns(reader: Reader, headings: list[Row]) -> Iterator[tuple[int, list[str], float]]:
    for number, (_, _, headword, heading) in enumerate(headings):
        yield number, reader.tokens(headword), HEADWORD_WEIGHT
        yield number, reader.tokens(heading), 1.0


def _stems(headword: str) -> frozenset[str]:
    return frozenset(map(stem, _WORD.findall(headword))) - {"of", "the", "and", "in", "to"}


def _spread(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """All numbers from each start to before its end, and which of the starts each is from."""
    counts = ends - starts
    which = np.repeat(np.arange(len(starts)), counts)
    return which, np.arange(len(which)) + np.repeat(ends - np.cumsum(counts), counts)


def _without_doubles(rows: int, of: Integers, positions: Integers) -> Ragged:
    both = np.unique(np.stack([of, positions]), axis=1)
    return Ragged(rows, both[0], both[1])


def _columns(rows: Iterable[Sequence[Any]], count: int) -> Integers:
    """Rows of whole numbers as columns."""
    return np.fromiter(itertools.chain.from_iterable(rows), dtype=np.int64).reshape(-1, count).T


def _numbered(keys: Sequence[Any] | Integers) -> dict[int, int]:
    return {int(key): number for number, key in enumerate(keys)}
