"""Words of the original: every verse that uses a lemma."""

import msgspec

from appliance.infrastructure.graph.asking import Graph

USES_OF = """
MATCH (:Lemma {strongs: $strongs})<-[use:USES]-(verse:Verse) WHERE verse.id > $after
RETURN verse.id, use.count ORDER BY verse.id LIMIT $limit
"""
USES_IN_ALL = "MATCH (word:Lemma {strongs: $strongs}) RETURN word.verses"

USES_OF_EACH = "MATCH (word:Lemma) WHERE word.strongs IN $strongs RETURN word.strongs, word.verses"


class WordUse(msgspec.Struct, frozen=True):
    """A verse in which a lemma stands `count` times, in the text that has it most often."""

    verse_id: int
    count: int


def verses_in_all(graph: Graph, strongs: str) -> int:
    """In how many verses a lemma stands; 0 for one that the texts lack. Raises GraphMissing, GraphDamaged."""
    found = graph.rows(USES_IN_ALL, strongs=strongs)
    return int(found[0][0]) if found else 0


def verses_of_each(graph: Graph, strongs: list[str]) -> dict[str, int]:
    """In how many verses each of some lemmas stands. Raises GraphMissing, GraphDamaged."""
    return {number: int(verses) for number, verses in graph.rows(USES_OF_EACH, strongs=strongs)} if strongs else {}


def uses_of(graph: Graph, strongs: str, *, after: int = 0, limit: int) -> list[WordUse]:
    """The verses that use a lemma, in the order of the canon, from the one after a verse_id on."""
    return [WordUse(*row) for row in graph.rows(USES_OF, strongs=strongs, after=after, limit=limit)]
