"""Finds passages that are related to a verse, and the reasons: cross references, shared topics, shared rare words."""

from collections import defaultdict
from enum import StrEnum

import msgspec

from appliance.infrastructure.graph.interface import Graph, GraphQuery
from appliance.scripture.canon import osis_of
from appliance.scripture.references import VersePlace, format_verse

# A topic with more citations, or a word in more verses, is too general to be a reason.
MAX_TOPIC_CITATIONS, MAX_WORD_VERSES = 300, 60
MAX_PER_REASON = 200
MAX_LIMIT = 100
MAX_NAMES = 3

POINTS_TO = "MATCH (:Verse {id: $verse})-[link:CROSS_REF]->(other:Verse) RETURN other.id, link.votes"
POINTED_FROM = "MATCH (:Verse {id: $verse})<-[link:CROSS_REF]-(other:Verse) RETURN other.id, link.votes"
BY_WAY_OF = """
MATCH (:Verse {id: $verse})-[:CROSS_REF]->(:Verse)-[:CROSS_REF]->(other:Verse) WHERE other.id <> $verse
RETURN other.id, count(*) AS paths ORDER BY paths DESC LIMIT $limit
"""
BY_TOPIC = """
MATCH (:Verse {id: $verse})<-[:CITES]-(topic:Topic)-[:CITES]->(other:Verse)
WHERE topic.citations <= $max_citations AND other.id <> $verse
RETURN other.id, sum(1.0 / log2(2.0 + topic.citations)) AS weight, collect(topic.name) ORDER BY weight DESC LIMIT $limit
"""
BY_WORD = """
MATCH (:Verse {id: $verse})-[:USES]->(word:Lemma)<-[:USES]-(other:Verse)
WHERE word.verses <= $max_verses AND other.id <> $verse
RETURN other.id, sum(1.0 / log2(2.0 + word.verses)) AS weight, collect(word.strongs) ORDER BY weight DESC LIMIT $limit
"""

# The weights of the reasons. A cross reference written by a person has the highest weight.
CROSS_REFERENCE_SCORE, BACK_REFERENCE_SCORE, PATH_SCORE, TOPIC_SCORE, WORD_SCORE = 3.0, 2.0, 0.3, 3.0, 2.0
DOUBLING_SCORE = 0.25


class ReasonKind(StrEnum):
    """How two passages are related."""

    CROSS_REFERENCE = "cross reference"
    REFERRED_FROM = "referred from"
    BY_WAY_OF = "by way of others"
    TOPIC = "topic"
    WORD = "word"


class Reason(msgspec.Struct, frozen=True):
    """A reason. `names` are topics or Strong's numbers. `count` is the number of names, of paths, or of votes."""

    kind: ReasonKind
    count: int
    names: tuple[str, ...] = ()


class RelatedPassage(VersePlace, frozen=True, kw_only=True):
    """A related verse with its reasons, the strongest first."""

    score: float
    reasons: tuple[Reason, ...]


def related(graph: Graph, verse_id: int, limit: int = 20) -> list[RelatedPassage]:
    """Return the passages that are most related to a verse, best first. The list is empty if the verse is not in the graph.

    Raises GraphMissing, GraphDamaged.
    """
    reasons_of: dict[int, list[tuple[float, Reason]]] = defaultdict(list)
    # The slowest query comes first, so that the shorter queries run in parallel with it.
    topics, paths, words, references, back = graph.rows_of_queries(
        [
            GraphQuery(BY_TOPIC, {"verse": verse_id, "max_citations": MAX_TOPIC_CITATIONS, "limit": MAX_PER_REASON}),
            GraphQuery(BY_WAY_OF, {"verse": verse_id, "limit": MAX_PER_REASON}),
            GraphQuery(BY_WORD, {"verse": verse_id, "max_verses": MAX_WORD_VERSES, "limit": MAX_PER_REASON}),
            GraphQuery(POINTS_TO, {"verse": verse_id}),
            GraphQuery(POINTED_FROM, {"verse": verse_id}),
        ]
    )
    # More votes mean a better cross reference. Each doubling of the votes adds the same score.
    for other, votes in references:
        reason = Reason(ReasonKind.CROSS_REFERENCE, votes)
        reasons_of[other].append((CROSS_REFERENCE_SCORE + votes.bit_length() * DOUBLING_SCORE, reason))
    for other, votes in back:
        reason = Reason(ReasonKind.REFERRED_FROM, votes)
        reasons_of[other].append((BACK_REFERENCE_SCORE + votes.bit_length() * DOUBLING_SCORE, reason))
    for other, count in paths:
        reasons_of[other].append((PATH_SCORE * count, Reason(ReasonKind.BY_WAY_OF, count)))
    for other, weight, names in topics:
        reasons_of[other].append((TOPIC_SCORE * weight, _named(ReasonKind.TOPIC, names)))
    for other, weight, names in words:
        reasons_of[other].append((WORD_SCORE * weight, _named(ReasonKind.WORD, names)))
    ranked = sorted(
        reasons_of.items(), key=lambda verse_and_reasons: (-_total_score(verse_and_reasons[1]), verse_and_reasons[0])
    )
    return [_passage(other, reasons) for other, reasons in ranked[:limit]]


def _total_score(reasons: list[tuple[float, Reason]]) -> float:
    return sum(score for score, _ in reasons)


def _named(kind: ReasonKind, names: list[str]) -> Reason:
    distinct_names = sorted(set(names))
    return Reason(kind, len(distinct_names), tuple(distinct_names[:MAX_NAMES]))


def _passage(verse_id: int, reasons: list[tuple[float, Reason]]) -> RelatedPassage:
    by_score = sorted(reasons, key=lambda score_and_reason: -score_and_reason[0])
    return RelatedPassage(
        verse_id=verse_id,
        osis=osis_of(verse_id),
        reference=format_verse(verse_id),
        score=round(_total_score(reasons), 4),
        reasons=tuple(reason for _, reason in by_score),
    )
