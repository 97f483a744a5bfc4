"""What stands around a verse, laid out for a picture: what ties it in an inner ring, what it is tied to in an outer one."""

import math
import string
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from appliance.scripture.canon import osis_of
from appliance.scripture.graph.related import ReasonKind, RelatedPassage
from appliance.scripture.references import format_verse

# More cannot be read.
MAX_VERSES, MAX_TIES = 14, 8
INNER, OUTER = 0.42, 0.86


class NodeKind(StrEnum):
    CENTRE = "centre"
    VERSE = "verse"
    TOPIC = "topic"
    WORD = "word"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a square from -1 to 1; `target` is an OSIS reference, a topic's headword or a Strong's number."""

    kind: NodeKind
    text: str
    target: str
    x: float
    y: float


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """A line between two nodes, by their numbers; a `direct` one is a cross reference."""

    start: int
    end: int
    direct: bool


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """The first node is the verse itself."""

    nodes: tuple[Node, ...]
    ties: tuple[Tie, ...]


def lay_out(verse_id: int, related: Sequence[RelatedPassage], lemmas: Mapping[str, str]) -> Neighbourhood:
    """A picture of the best related passages; verses of one tie stand side by side. `lemmas` name Strong's numbers."""
    verses = related[:MAX_VERSES]
    names = _ties(verses)
    by_tie = sorted(verses, key=lambda each: (_first_tie(each, names), -each.score))
    nodes = [Node(kind=NodeKind.CENTRE, text=format_verse(verse_id), target=osis_of(verse_id), x=0.0, y=0.0)]
    ties: list[Tie] = []
    place_of = {name: number for number, name in enumerate(names, start=1)}
    for name, (x, y) in zip(names, _ring(len(names), INNER), strict=True):
        kind, text = name
        shown = string.capwords(text) if kind is NodeKind.TOPIC else lemmas.get(text, text)
        nodes.append(Node(kind=kind, text=shown, target=text, x=x, y=y))
        ties.append(Tie(start=0, end=len(nodes) - 1, direct=False))
    for verse, (x, y) in zip(by_tie, _ring(len(by_tie), OUTER), strict=True):
        nodes.append(Node(kind=NodeKind.VERSE, text=verse.reference, target=verse.osis, x=x, y=y))
        number = len(nodes) - 1
        through = [place_of[name] for name in _names_of(verse) if name in place_of]
        ties += (Tie(start=tie, end=number, direct=False) for tie in through)
        if not through or any(reason.kind in _DIRECT for reason in verse.reasons):
            ties.append(Tie(start=0, end=number, direct=True))
    return Neighbourhood(nodes=tuple(nodes), ties=tuple(ties))


_DIRECT = (ReasonKind.CROSS_REFERENCE, ReasonKind.REFERRED_FROM)
_KINDS = {ReasonKind.TOPIC: NodeKind.TOPIC, ReasonKind.WORD: NodeKind.WORD}
Name = tuple[NodeKind, str]


def _names_of(verse: RelatedPassage) -> list[Name]:
    return [(_KINDS[reason.kind], name) for reason in verse.reasons if reason.kind in _KINDS for name in reason.names]


def _ties(verses: Sequence[RelatedPassage]) -> list[Name]:
    """What ties the most of the verses."""
    counts: dict[Name, int] = {}
    for verse in verses:
        for name in _names_of(verse):
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:MAX_TIES]


def _first_tie(verse: RelatedPassage, names: list[Name]) -> int:
    return min((names.index(name) for name in _names_of(verse) if name in names), default=len(names))


def _ring(count: int, radius: float) -> list[tuple[float, float]]:
    """Places on a circle from the top on."""
    angles = (2 * math.pi * number / max(1, count) - math.pi / 2 for number in range(count))
    return [(round(radius * math.cos(angle), 4), round(radius * math.sin(angle), 4)) for angle in angles]
