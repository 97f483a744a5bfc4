"""The picture of the verses related to a verse."""

from appliance.scripture.graph.neighbourhood import MAX_VERSES, NodeKind, lay_out
from appliance.scripture.graph.related import Reason, ReasonKind, RelatedPassage


def passage(number: int, *reasons: Reason) -> RelatedPassage:
    return RelatedPassage(
        verse_id=43_003_000 + number,
        osis=f"John.3.{number}",
        reference=f"John 3:{number}",
        score=1.0 / number,
        reasons=reasons,
    )


def test_shared_topics_are_between_the_verse_and_its_related_verses() -> None:
    topic = Reason(ReasonKind.TOPIC, 1, ("LOVE",))
    picture = lay_out(
        43_003_016, [passage(1, topic), passage(2, topic), passage(3, Reason(ReasonKind.CROSS_REFERENCE, 5))], {}
    )

    assert [NodeKind.CENTRE, NodeKind.TOPIC] == [node.kind for node in picture.nodes[:2]]
    assert ("John 3:16", "Love") == (picture.nodes[0].text, picture.nodes[1].text)
    direct = [(edge.start, picture.nodes[edge.end].text) for edge in picture.edges if edge.direct]
    assert [(0, "John 3:3")] == direct


def test_all_nodes_are_inside_the_picture_and_do_not_overlap() -> None:
    many = [passage(number, Reason(ReasonKind.WORD, 1, (f"G{number}",))) for number in range(1, 30)]
    picture = lay_out(43_003_016, many, {"G1": "ἀγάπη"})
    positions = {(node.x, node.y) for node in picture.nodes}

    assert len(positions) == len(picture.nodes)
    assert all(-1 <= x <= 1 and -1 <= y <= 1 for x, y in positions)
    assert MAX_VERSES == sum(node.kind is NodeKind.VERSE for node in picture.nodes)
    assert "ἀγάπη" in {node.text for node in picture.nodes}
