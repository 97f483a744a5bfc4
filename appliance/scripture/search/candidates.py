"""Candidates for an answer to a query: by words (FTS5, BM25) and by meaning (sqlite-vec)."""

import msgspec

from appliance.infrastructure.database import Reader
from appliance.scripture.search.fts import TextQuery, any_of
from appliance.scripture.translations.store import VERSE_VECTORS

# FTS5 drives and each of its rows is looked up once; CROSS JOIN keeps the planner from turning that around.
KEYWORD = """
SELECT v.verse_id FROM verses_fts AS f CROSS JOIN verses AS v ON v.id = f.rowid
WHERE f.verses_fts MATCH :expression AND v.translation = :translation AND v.verse_id BETWEEN :first AND :last
ORDER BY f.rank LIMIT :limit
"""


class Span(msgspec.Struct, frozen=True):
    """The part of the canon to search in, both ends included."""

    first: int = 0
    last: int = 999_999_999


def by_words(reader: Reader, query: TextQuery, translation: str, span: Span, limit: int, *, loose: bool) -> list[int]:
    """Verse ids by BM25, best first: with all the words, then (`loose`) with any of the telling ones."""
    found = _match(reader, query.expression, translation, span, limit)
    if loose and not query.structured and len(found) < limit:
        some = _match(reader, any_of(query), translation, span, limit)
        found = list(dict.fromkeys([*found, *some]))[:limit]
    return found


def _match(reader: Reader, expression: str, translation: str, span: Span, limit: int) -> list[int]:
    # The column narrows what FTS5 reads; its tokens cannot tell WEB from WEB-PB, so the row is looked at too.
    scoped = f'text : ({expression}) AND translation : "{translation}"'
    parameters = {
        "expression": scoped,
        "translation": translation,
        "first": span.first,
        "last": span.last,
        "limit": limit,
    }
    return [int(verse_id) for (verse_id,) in reader.rows(KEYWORD, parameters)]


def by_meaning(reader: Reader, vector: bytes, span: Span, limit: int) -> list[tuple[int, float]]:
    """(verse id, cosine similarity), best first, of the embedded translation."""
    if span == Span():
        return VERSE_VECTORS.nearest(reader, vector, limit)
    return VERSE_VECTORS.nearest_within(reader, vector, limit, span.first, span.last)
