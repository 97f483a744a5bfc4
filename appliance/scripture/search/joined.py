"""Verses that a query in Cypher names, joined by their verse_id with the indexes of words and the vectors."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.free_question import ask_freely
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
# Verses by words that are looked at; more have hardly anything of what was asked for.
WORDS_DEPTH = 5_000
MAX_LIMIT = 200


class NoVerses(Refused):
    """The query in Cypher names no verses."""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: Cypher that returns `verse_id`, words that a verse must have, a sentence that it should be like."""

    cypher: str
    parameters: Mapping[str, Any] = {}
    words: str = ""
    like: str = ""
    limit: int = 20


class JoinedHit(VersePlace, frozen=True, kw_only=True):
    """A verse with the row that named it, its place by words, and its likeness to the sentence."""

    text: str
    row: list[Any]
    words_rank: int | None = None
    similarity: float | None = None


class JoinedHits(msgspec.Struct, frozen=True, kw_only=True):
    """`columns` are those of the rows; `cut` where the graph would name more verses than one question gets."""

    columns: list[str]
    hits: list[JoinedHit]
    cut: bool


def join(
    database: Database, graph: Path, ready: Callable[[], Embedder], asked: Joined, translation: Translation
) -> JoinedHits:
    """Verses of the graph, joined with words and meaning: by likeness where a sentence is given, else by words, else as named.

    Raises what `ask_freely` raises, NoVerses where no column is `verse_id`, and Unavailable where a sentence is given and
    its vector cannot be compared with the verses'. `ready` gives the embedder of the index, or raises.
    """
    answer = ask_freely(graph, asked.cypher, asked.parameters)
    if VERSE_COLUMN not in answer.columns:
        raise NoVerses(
            "The query names no verses.",
            remedy=f"Let it return them under that name: … RETURN verse.id AS {VERSE_COLUMN}",
        )
    place = answer.columns.index(VERSE_COLUMN)
    rows = {row[place]: row for row in reversed(answer.rows) if isinstance(row[place], int)}
    named = list(dict.fromkeys(row[place] for row in answer.rows if isinstance(row[place], int)))
    by_words = _with_words(database, asked.words, translation, set(named)) if asked.words else None
    kept = named if by_words is None else by_words
    likeness = _likeness(database, ready(), asked.like, kept) if asked.like else {}
    orders = [order for order in (by_words, sorted(likeness, key=lambda verse: -likeness[verse])) if order]
    ranked = [verse for verse, _ in fuse(*orders)] if orders else kept
    texts = queries.texts(database, translation, ranked)
    places = {verse: rank for rank, verse in enumerate(by_words or (), start=1)}
    hits = [
        JoinedHit(
            verse_id=verse,
            osis=osis_of(verse),
            reference=format_verse(verse),
            text=texts[verse],
            row=rows[verse],
            words_rank=places.get(verse),
            similarity=likeness.get(verse),
        )
        for verse in ranked
        if verse in texts
    ]
    return JoinedHits(columns=answer.columns, hits=hits[: asked.limit], cut=answer.cut)


def _with_words(database: Database, words: str, translation: Translation, named: set[int]) -> list[int]:
    """Of some verses those that have all of some words, best by BM25 first."""
    verses = VerseRange(min(named, default=0), max(named, default=0))
    matches = search_words(database, parse_query(words), translation, verses, WORDS_DEPTH)
    return [verse for verse in matches if verse in named]


def _likeness(database: Database, embedder: Embedder, sentence: str, verses: Sequence[int]) -> dict[int, float]:
    (vector,) = embedder.embed([sentence])
    return {verse: round(cosine, 4) for verse, cosine in VERSE_VECTORS.similarities(database.reader, vector, verses)}
