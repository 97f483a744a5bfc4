"""Passages that hang together with a verse, and why: cross references, topics that cite both, rare words in both."""

from collections import defaultdict
from enum import StrEnum

import msgspec

from appliance.infrastructure.graph.asking import Graph, Question
from appliance.scripture.canon import osis_of
from appliance.scripture.references import VersePlace, format_verse

# A topic that cites more verses, or a word that stands in more, ties nothing together.
LARGEST_TOPIC, COMMONEST_WORD = 300, 60
DEPTH = 200
MAX_LIMIT = 100
MAX_NAMES = 3

POINTS_TO = "MATCH (:Verse {id: $verse})-[link:CROSS_REF]->(other:Verse) RETURN other.id, link.votes"
POINTED_FROM = "MATCH (:Verse {id: $verse})<-[link:CROSS_REF]-(other:Verse) RETURN other.id, link.votes"
BY_WAY_OF = """
MATCH (:Verse {id: $verse})-[:CROSS_REF]->(:Verse)-[:CROSS_REF]->(other:Verse) WHERE other.id <> $verse
RETURN other.id, count(*) AS paths ORDER BY paths DESC LIMIT $depth
"""
BY_TOPIC = """
MATCH (:Verse {id: $verse})<-[:CITES]-(topic:Topic)-[:CITES]->(other:Verse)
WHERE topic.citations <= $largest AND other.id <> $verse
RETURN other.id, sum(1.0 / log2(2.0 + topic.citations)) AS weight, collect(topic.name) ORDER BY weight DESC LIMIT $depth
"""
BY_WORD = """
MATCH (:Verse {id: $verse})-[:USES]->(word:Lemma)<-[:USES]-(other:Verse)
WHERE word.verses <= $commonest AND other.id <> $verse
RETURN other.id, sum(1.0 / log2(2.0 + word.verses)) AS weight, collect(word.strongs) ORDER BY weight DESC LIMIT $depth
"""

# What each reason is worth beside the others; a cross reference that somebody wrote down is worth the most.
CROSS_REFERENCE_SCORE, BACK_REFERENCE_SCORE, PATH_SCORE, TOPIC_SCORE, WORD_SCORE = 3.0, 2.0, 0.3, 3.0, 2.0
DOUBLING_SCORE = 0.25


class ReasonKind(StrEnum):
    """How two passages hang together."""

    CROSS_REFERENCE = "cross reference"
    REFERRED_FROM = "referred from"
    BY_WAY_OF = "by way of others"
    TOPIC = "topic"
    WORD = "word"


class Reason(msgspec.Struct, frozen=True):
    """`names` are topics or Strong's numbers; `count` says how many of them, how many ways, or how many votes."""

    kind: ReasonKind
    count: int
    names: tuple[str, ...] = ()


class RelatedPassage(VersePlace, frozen=True, kw_only=True):
    """A verse with what ties it, the strongest reason first."""

    score: float
    reasons: tuple[Reason, ...]


def related(graph: Graph, verse_id: int, limit: int = 20) -> list[RelatedPassage]:
    """The passages most related to a verse, best first; none for a verse that the graph lacks.

    Raises GraphMissing, GraphDamaged.
    """
    found: dict[int, list[tuple[float, Reason]]] = defaultdict(list)
    # The longest first, so that the others fit beside them.
    topics, paths, words, references, back = graph.rows_of_each(
        [
            Question(BY_TOPIC, {"verse": verse_id, "largest": LARGEST_TOPIC, "depth": DEPTH}),
            Question(BY_WAY_OF, {"verse": verse_id, "depth": DEPTH}),
            Question(BY_WORD, {"verse": verse_id, "commonest": COMMONEST_WORD, "depth": DEPTH}),
            Question(POINTS_TO, {"verse": verse_id}),
            Question(POINTED_FROM, {"verse": verse_id}),
        ]
    )
    # Votes tell good links from better ones: each doubling counts the same.
    for other, votes in references:
        reason = Reason(ReasonKind.CROSS_REFERENCE, votes)
        found[other].append((CROSS_REFERENCE_SCORE + votes.bit_length() * DOUBLING_SCORE, reason))
    for other, votes in back:
        reason = Reason(ReasonKind.REFERRED_FROM, votes)
        found[other].append((BACK_REFERENCE_SCORE + votes.bit_length() * DOUBLING_SCORE, reason))
    for other, count in paths:
        found[other].append((PATH_SCORE * count, Reason(ReasonKind.BY_WAY_OF, count)))
    for other, weight, names in topics:
        found[other].append((TOPIC_SCORE * weight, _named(ReasonKind.TOPIC, names)))
    for other, weight, names in words:
        found[other].append((WORD_SCORE * weight, _named(ReasonKind.WORD, names)))
    ranked = sorted(found.items(), key=lambda each: (-sum(score for score, _ in each[1]), each[0]))
    return [_passage(other, reasons) for other, reasons in ranked[:limit]]


def _named(kind: ReasonKind, names: list[str]) -> Reason:
    different = sorted(set(names))
    return Reason(kind, len(different), tuple(different[:MAX_NAMES]))


def _passage(verse_id: int, reasons: list[tuple[float, Reason]]) -> RelatedPassage:
    strongest = sorted(reasons, key=lambda each: -each[0])
    return RelatedPassage(
        verse_id=verse_id,
        osis=osis_of(verse_id),
        reference=format_verse(verse_id),
        score=round(sum(score for score, _ in reasons), 4),
        reasons=tuple(reason for _, reason in strongest),
    )
