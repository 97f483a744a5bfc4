"""Cypher queries that return verses. The result is joined by `verse_id` with the word index and the vectors of verses."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.user_query import run_user_query
from appliance.scripture.canon import VerseRange, osis_of
from appliance.scripture.references import VersePlace, format_verse
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.fusion import fuse
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.word_search import search_words
from appliance.scripture.translations import queries
from appliance.scripture.translations.store import VERSE_VECTORS
from appliance.scripture.translations.translation import Translation

VERSE_COLUMN = "verse_id"
# How many verses are taken from the word index. Verses after these hardly match the words.
WORDS_DEPTH = 5_000
MAX_LIMIT = 200


class NoVerses(Refused):
    """The Cypher query does not return verses."""


class JoinedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A Cypher query that returns `verse_id`.

    A verse must also contain `words`, and its meaning should be similar to the sentence `similar_to`.
    """

    cypher: str
    parameters: Mapping[str, Any] = {}
    words: str = ""
    similar_to: str = ""
    limit: int = 20


class JoinedHit(VersePlace, frozen=True, kw_only=True):
    """A verse: its row of the Cypher result, its rank by words, and its similarity to the sentence."""

    text: str
    row: list[Any]
    keyword_rank: int | None = None
    similarity: float | None = None


class JoinedHits(msgspec.Struct, frozen=True, kw_only=True):
    """`columns` are the names of the columns. `truncated` is true if the graph has more rows than one query may return."""

    columns: list[str]
    hits: list[JoinedHit]
    truncated: bool


def join(
    database: Database, graph: Path, get_embedder: Callable[[], Embedder], query: JoinedQuery, translation: Translation
) -> JoinedHits:
    """Return the verses of a Cypher query, joined with words and meaning.

    The ranking by words and the ranking by similarity to the sentence are fused. If there are no words and no sentence, the
    verses keep the order of the Cypher result. `get_embedder` returns the embedder of the vector index, or raises an error.

    Raises the errors of `run_user_query`. Raises NoVerses if no column is `verse_id`. Raises Unavailable if there is a sentence
    whose vector cannot be compared with the vectors of the verses.
    """
    answer = run_user_query(graph, query.cypher, query.parameters)
    if VERSE_COLUMN not in answer.columns:
        raise NoVerses(
            f"The query does not return a column `{VERSE_COLUMN}`.",
            remedy=f"Return verse ids under this name: … RETURN verse.id AS {VERSE_COLUMN}",
        )
    id_column = answer.columns.index(VERSE_COLUMN)
    rows = {row[id_column]: row for row in reversed(answer.rows) if isinstance(row[id_column], int)}
    from_graph = list(dict.fromkeys(row[id_column] for row in answer.rows if isinstance(row[id_column], int)))
    by_words = _with_words(database, query.words, translation, set(from_graph)) if query.words else None
    verses = from_graph if by_words is None else by_words
    similarities = _similarities(database, get_embedder(), query.similar_to, verses) if query.similar_to else {}
    rankings = [
        ranking for ranking in (by_words, sorted(similarities, key=lambda verse: -similarities[verse])) if ranking
    ]
    ranked = [verse for verse, _ in fuse(*rankings)] if rankings else verses
    texts = queries.texts(database, translation, ranked)
    word_ranks = {verse: rank for rank, verse in enumerate(by_words or (), start=1)}
    hits = [
        JoinedHit(
            verse_id=verse,
            osis=osis_of(verse),
            reference=format_verse(verse),
            text=texts[verse],
            row=rows[verse],
            keyword_rank=word_ranks.get(verse),
            similarity=similarities.get(verse),
        )
        for verse in ranked
        if verse in texts
    ]
    return JoinedHits(columns=answer.columns, hits=hits[: query.limit], truncated=answer.truncated)


def _with_words(database: Database, words: str, translation: Translation, candidates: set[int]) -> list[int]:
    """Return the candidate verses that contain all words, in the order of BM25."""
    verses = VerseRange(min(candidates, default=0), max(candidates, default=0))
    matches = search_words(database, parse_query(words), translation, verses, WORDS_DEPTH)
    return [verse for verse in matches if verse in candidates]


def _similarities(database: Database, embedder: Embedder, sentence: str, verses: Sequence[int]) -> dict[int, float]:
    (vector,) = embedder.embed([sentence])
    return {verse: round(cosine, 4) for verse, cosine in VERSE_VECTORS.similarities(database.reader, vector, verses)}
