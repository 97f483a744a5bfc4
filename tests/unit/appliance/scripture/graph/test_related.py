"""The graph of a library, and the related passages of a verse."""

import pytest
from fakes.library_items import put_item
from fakes.new_databases import new_library

from appliance.infrastructure.graph.kuzu_engine import KuzuGraph, build_graph
from appliance.scripture.canon import osis_of
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.graph.related import ReasonKind, related
from appliance.scripture.graph.tables import contents
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.references import parse_osis
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Markup, Verse, Word

VERSES = ("John.3.16", "John.3.17", "1John.4.9", "Rom.5.8", "Gen.22.12", "Ps.23.1")


def verse_id(osis: str) -> int:
    reference = parse_osis(osis)
    assert reference is not None
    return reference.start


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KuzuGraph:
    """The graph of a small library. The tests only read it."""
    folder = tmp_path_factory.mktemp("graph")
    database = new_library(folder / "library.db")
    rare_words = Markup(words=(Word(0, 4, ("G3439",)), Word(5, 9, ("G3439", "G5207"))))
    verses = [
        Verse(verse_id(osis), f"The words of {osis}", rare_words if osis in ("John.3.16", "1John.4.9") else Markup())
        for osis in VERSES
    ]
    topics = [
        Topic(
            position=0,
            headword="LOVE",
            citations=(
                Citation("Of God", verse_id("John.3.16"), verse_id("John.3.17")),
                Citation("", verse_id("Rom.5.8"), verse_id("Rom.5.8")),
            ),
            see_also=("GRACE",),
        ),
        Topic(position=1, headword="Grace", citations=(), see_also=()),
    ]
    links = [
        CrossReference(verse_id("John.3.16"), verse_id("Rom.5.8"), verse_id("Rom.5.8"), 40),
        CrossReference(verse_id("Rom.5.8"), verse_id("Gen.22.12"), verse_id("Gen.22.12")),
        CrossReference(verse_id("Gen.22.12"), verse_id("John.3.16"), verse_id("John.3.16")),
        CrossReference(verse_id("John.3.16"), verse_id("Ps.23.1"), verse_id("Ps.23.1"), -3),
    ]
    put_item(database, TRANSLATION, "T", verses, versification="NRSVA")
    put_item(database, TOPICS, "N", topics)
    put_item(database, CROSS_REFERENCES, "X", links)
    path = folder / "graph.kuzu"
    build_graph(path, contents(database), lambda _share, _message: None)
    database.close()
    return KuzuGraph(path)


def test_the_graph_contains_the_whole_library(graph: KuzuGraph) -> None:
    assert [(6,)] == graph.rows("MATCH (:Verse)-[:PART_OF]->(:Book) RETURN count(*)")
    assert [("G3439", 2), ("G5207", 2)] == graph.rows("MATCH (l:Lemma) RETURN l.strongs, l.verses ORDER BY l.strongs")
    assert [(2,)] == graph.rows(
        "MATCH (:Verse {osis: 'John.3.16'})-[use:USES]->(:Lemma {strongs: 'G3439'}) RETURN use.count"
    )
    assert [("LOVE", "Grace")] == graph.rows("MATCH (a:Topic)-[:SEE]->(b:Topic) RETURN a.name, b.name")
    assert [("John.3.16", "Of God"), ("John.3.17", "Of God"), ("Rom.5.8", "")] == graph.rows(
        "MATCH (:Topic {name: 'LOVE'})-[cites:CITES]->(v:Verse) RETURN v.osis, cites.heading ORDER BY v.id"
    )


def test_related_passages_have_reasons_the_strongest_first(graph: KuzuGraph) -> None:
    passages = related(graph, verse_id("John.3.16"))
    reasons = {passage.osis: [reason.kind for reason in passage.reasons] for passage in passages}

    assert ["Rom.5.8", "Gen.22.12", "1John.4.9", "John.3.17"] == [passage.osis for passage in passages]
    assert [ReasonKind.CROSS_REFERENCE, ReasonKind.TOPIC] == reasons["Rom.5.8"]
    assert [ReasonKind.REFERRED_FROM, ReasonKind.BY_WAY_OF] == reasons["Gen.22.12"]
    assert ("G3439", "G5207") == passages[2].reasons[0].names
    assert ("LOVE",) == passages[3].reasons[0].names


def test_a_verse_that_is_not_in_the_graph_has_no_related_passages(graph: KuzuGraph) -> None:
    assert [] == related(graph, verse_id("Rev.1.1"))
    assert "Ps.23.1" not in [osis_of(passage.verse_id) for passage in related(graph, verse_id("John.3.16"))]
