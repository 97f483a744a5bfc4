"""Candidates for an answer to a query: by words (FTS5, BM25) and by meaning (sqlite-vec)."""

import msgspec

from appliance.infrastructure.database import Reader
from appliance.scripture.search.fts import TextQuery, any_of
from appliance.scripture.store import VERSE_VECTORS

# FTS5 drives and each of its rows is looked up once; CROSS JOIN keeps the planner from turning that around.
KEYWORD = """
SELECT v.verse_id FROM verses_fts AS f CROSS JOIN verses AS v ON v.id = f.rowid
WHERE f.verses_fts MATCH :expression AND v.verse_id BETWEEN :first AND :last
ORDER BY f.rank LIMIT :limit
"""


class Span(msgspec.Struct, frozen=True):
    """The part of the canon to search in, both ends included."""

    first: int = 0
    last: int = 999_999_999

    def __contains__(self, verse_id: int) -> bool:
        return self.first <= verse_id <= self.last


def by_words(reader: Reader, query: TextQuery, translation: str, span: Span, limit: int, *, loose: bool) -> list[int]:
    """Verse ids by BM25, best first: with all the words, then (`loose`) with any of the telling ones."""
    found = _match(reader, query.expression, translation, span, limit)
    if loose and not query.structured and len(found) < limit:
        some = _match(reader, any_of(query), translation, span, limit)
        found = list(dict.fromkeys([*found, *some]))[:limit]
    return found


def _match(reader: Reader, expression: str, translation: str, span: Span, limit: int) -> list[int]:
    scoped = f'text : ({expression}) AND translation : "{translation}"'
    parameters = {"expression": scoped, "first": span.first, "last": span.last, "limit": limit}
    return [int(verse_id) for (verse_id,) in reader.rows(KEYWORD, parameters)]


def by_meaning(reader: Reader, vector: bytes, span: Span, limit: int) -> list[tuple[int, float]]:
    """(verse id, cosine similarity), best first, of the embedded translation.

    A narrow span is cut out of a wider scan, so it may bring fewer than `limit`.
    """
    whole = span == Span()
    nearest = VERSE_VECTORS.nearest(reader, vector, limit if whole else min(limit * 8, MAX_NEAREST))
    return [(verse_id, similarity) for verse_id, similarity in nearest if verse_id in span][:limit]


# sqlite-vec's own limit on k.
MAX_NEAREST = 4096
