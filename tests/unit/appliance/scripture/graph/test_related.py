"""The graph of a library, and what it says is related."""

from pathlib import Path

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
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
from server.bootstrap import LIBRARY_MIGRATIONS

VERSES = ("John.3.16", "John.3.17", "1John.4.9", "Rom.5.8", "Gen.22.12", "Ps.23.1")


def of(osis: str) -> int:
    found = parse_osis(osis)
    assert found is not None
    return found.start


@pytest.fixture
def graph(tmp_path: Path) -> KuzuGraph:
    database = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    database.migrate()
    rare = Markup(words=(Word(0, 4, ("G3439",)), Word(5, 9, ("G3439", "G5207"))))
    verses = [
        Verse(of(osis), f"The words of {osis}", rare if osis in ("John.3.16", "1John.4.9") else Markup())
        for osis in VERSES
    ]
    topics = [
        Topic(
            position=0,
            headword="LOVE",
            citations=(
                Citation("Of God", of("John.3.16"), of("John.3.17")),
                Citation("", of("Rom.5.8"), of("Rom.5.8")),
            ),
            see_also=("GRACE",),
        ),
        Topic(position=1, headword="Grace", citations=(), see_also=()),
    ]
    links = [
        CrossReference(of("John.3.16"), of("Rom.5.8"), of("Rom.5.8"), 40),
        CrossReference(of("Rom.5.8"), of("Gen.22.12"), of("Gen.22.12")),
        CrossReference(of("Gen.22.12"), of("John.3.16"), of("John.3.16")),
        CrossReference(of("John.3.16"), of("Ps.23.1"), of("Ps.23.1"), -3),
    ]
    put_item(database, TRANSLATION, "T", verses, versification="NRSVA")
    put_item(database, TOPICS, "N", topics)
    put_item(database, CROSS_REFERENCES, "X", links)
    path = tmp_path / "graph.kuzu"
    build_graph(path, contents(database), lambda _share, _message: None)
    return KuzuGraph(path)


def test_everything_of_the_library_is_in_the_graph(graph: KuzuGraph) -> None:
    assert [(6,)] == graph.rows("MATCH (:Verse)-[:PART_OF]->(:Book) RETURN count(*)")
    assert [("G3439", 2), ("G5207", 2)] == graph.rows("MATCH (l:Lemma) RETURN l.strongs, l.verses ORDER BY l.strongs")
    assert [(2,)] == graph.rows(
        "MATCH (:Verse {osis: 'John.3.16'})-[use:USES]->(:Lemma {strongs: 'G3439'}) RETURN use.count"
    )
    assert [("LOVE", "Grace")] == graph.rows("MATCH (a:Topic)-[:SEE]->(b:Topic) RETURN a.name, b.name")
    assert [("John.3.16", "Of God"), ("John.3.17", "Of God"), ("Rom.5.8", "")] == graph.rows(
        "MATCH (:Topic {name: 'LOVE'})-[cites:CITES]->(v:Verse) RETURN v.osis, cites.heading ORDER BY v.id"
    )


def test_what_is_related_comes_with_its_reasons_the_strongest_first(graph: KuzuGraph) -> None:
    found = related(graph, of("John.3.16"))
    reasons = {each.osis: [reason.kind for reason in each.reasons] for each in found}

    assert ["Rom.5.8", "Gen.22.12", "1John.4.9", "John.3.17"] == [each.osis for each in found]
    assert [ReasonKind.CROSS_REFERENCE, ReasonKind.TOPIC] == reasons["Rom.5.8"]
    assert [ReasonKind.REFERRED_FROM, ReasonKind.BY_WAY_OF] == reasons["Gen.22.12"]
    assert ("G3439", "G5207") == found[2].reasons[0].names
    assert ("LOVE",) == found[3].reasons[0].names


def test_a_verse_that_the_graph_lacks_is_related_to_nothing(graph: KuzuGraph) -> None:
    assert [] == related(graph, of("Rev.1.1"))
    assert "Ps.23.1" not in [osis_of(each.verse_id) for each in related(graph, of("John.3.16"))]
