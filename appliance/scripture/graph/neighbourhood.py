"""The layout of a picture of related verses: shared topics and words in an inner ring, verses in an outer ring."""

import math
import string
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from appliance.scripture.canon import osis_of
from appliance.scripture.graph.related import ReasonKind, RelatedPassage
from appliance.scripture.references import format_verse

# A picture with more labels would not be readable.
MAX_VERSES, MAX_LINKS = 14, 8
INNER_RADIUS, OUTER_RADIUS = 0.42, 0.86


class NodeKind(StrEnum):
    CENTRE = "centre"
    VERSE = "verse"
    TOPIC = "topic"
    WORD = "word"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node in a square from -1 to 1. `target` is an OSIS reference, the headword of a topic or a Strong's number."""

    kind: NodeKind
    text: str
    target: str
    x: float
    y: float


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A line between two nodes. The ends are the numbers of the nodes. A `direct` line is a cross reference."""

    start: int
    end: int
    direct: bool


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes and edges of a picture. The first node is the verse in the centre."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def lay_out(verse_id: int, related: Sequence[RelatedPassage], lemmas: Mapping[str, str]) -> Neighbourhood:
    """Compute the layout of the best related passages. Verses that share the same topic or word are next to each other.

    `lemmas` maps Strong's numbers to the words that the picture shows.
    """
    verses = related[:MAX_VERSES]
    links = _most_frequent_links(verses)
    sorted_verses = sorted(verses, key=lambda verse: (_first_link(verse, links), -verse.score))
    nodes = [Node(kind=NodeKind.CENTRE, text=format_verse(verse_id), target=osis_of(verse_id), x=0.0, y=0.0)]
    edges: list[Edge] = []
    node_of_link = {link: number for number, link in enumerate(links, start=1)}
    for link, (x, y) in zip(links, _ring(len(links), INNER_RADIUS), strict=True):
        kind, target = link
        text = string.capwords(target) if kind is NodeKind.TOPIC else lemmas.get(target, target)
        nodes.append(Node(kind=kind, text=text, target=target, x=x, y=y))
        edges.append(Edge(start=0, end=len(nodes) - 1, direct=False))
    for verse, (x, y) in zip(sorted_verses, _ring(len(sorted_verses), OUTER_RADIUS), strict=True):
        nodes.append(Node(kind=NodeKind.VERSE, text=verse.reference, target=verse.osis, x=x, y=y))
        number = len(nodes) - 1
        link_nodes = [node_of_link[link] for link in _links_of(verse) if link in node_of_link]
        edges += (Edge(start=link_node, end=number, direct=False) for link_node in link_nodes)
        if not link_nodes or any(reason.kind in _DIRECT for reason in verse.reasons):
            edges.append(Edge(start=0, end=number, direct=True))
    return Neighbourhood(nodes=tuple(nodes), edges=tuple(edges))


_DIRECT = (ReasonKind.CROSS_REFERENCE, ReasonKind.REFERRED_FROM)
_KINDS = {ReasonKind.TOPIC: NodeKind.TOPIC, ReasonKind.WORD: NodeKind.WORD}
# A shared topic or word: its kind, and its headword or Strong's number.
Link = tuple[NodeKind, str]


def _links_of(verse: RelatedPassage) -> list[Link]:
    return [(_KINDS[reason.kind], name) for reason in verse.reasons if reason.kind in _KINDS for name in reason.names]


def _most_frequent_links(verses: Sequence[RelatedPassage]) -> list[Link]:
    """Return the topics and words that occur in the most of these verses."""
    counts: dict[Link, int] = {}
    for verse in verses:
        for link in _links_of(verse):
            counts[link] = counts.get(link, 0) + 1
    return sorted(counts, key=lambda link: (-counts[link], link))[:MAX_LINKS]


def _first_link(verse: RelatedPassage, links: list[Link]) -> int:
    return min((links.index(link) for link in _links_of(verse) if link in links), default=len(links))


def _ring(count: int, radius: float) -> list[tuple[float, float]]:
    """Return positions on a circle, clockwise from the top."""
    angles = (2 * math.pi * number / max(1, count) - math.pi / 2 for number in range(count))
    return [(round(radius * math.cos(angle), 4), round(radius * math.sin(angle), 4)) for angle in angles]
