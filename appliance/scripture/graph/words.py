"""Finds the verses that use a Greek or Hebrew word."""

import msgspec

from appliance.infrastructure.graph.interface import Graph

USES_OF = """
MATCH (:Lemma {strongs: $strongs})<-[use:USES]-(verse:Verse) WHERE verse.id > $after
RETURN verse.id, use.count ORDER BY verse.id LIMIT $limit
"""
VERSE_COUNT = "MATCH (word:Lemma {strongs: $strongs}) RETURN word.verses"
VERSE_COUNTS = "MATCH (word:Lemma) WHERE word.strongs IN $strongs RETURN word.strongs, word.verses"


class WordUse(msgspec.Struct, frozen=True):
    """A verse that uses a lemma. `count` is how often the translation that uses it most often does so."""

    verse_id: int
    count: int


def verse_count(graph: Graph, strongs: str) -> int:
    """Return the number of verses that use a lemma, or 0 if no translation uses it. Raises GraphMissing, GraphDamaged."""
    rows = graph.rows(VERSE_COUNT, strongs=strongs)
    return int(rows[0][0]) if rows else 0


def verse_counts(graph: Graph, strongs: list[str]) -> dict[str, int]:
    """Return the number of verses that use each lemma. Raises GraphMissing, GraphDamaged."""
    return {number: int(verses) for number, verses in graph.rows(VERSE_COUNTS, strongs=strongs)} if strongs else {}


def uses_of(graph: Graph, strongs: str, *, after: int = 0, limit: int) -> list[WordUse]:
    """Return the verses that use a lemma, in canon order. The page begins after the verse_id `after`."""
    return [WordUse(*row) for row in graph.rows(USES_OF, strongs=strongs, after=after, limit=limit)]
