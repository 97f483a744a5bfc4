"""Verses of a query in Cypher, joined with words: the query is held to the same rules as any other."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import QuestionRefused
from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable
from appliance.scripture.search.joined import Joined, NoVerses, join
from appliance.scripture.search.ports import Embedder
from appliance.scripture.translations.translation import Translation

VERSE = NodeTable("Verse", {"id": "INT64"})

TEXT = Translation(
    id="TEST",
    name="Test",
    language="en",
    versification="NRSVA",
    licence="",
    attribution="",
    source="",
    digest="",
    verses=0,
)


def no_embedder() -> Embedder:
    raise AssertionError("no sentence is given")


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    build_graph(tmp_path / "graph", [Content(VERSE, lambda: [(43003016,)])], lambda _share, _message: None)
    return tmp_path / "graph"


@pytest.mark.parametrize(
    ("cypher", "refusal"),
    [
        (
            "UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM 'tls/authority.key' RETURN column0 AS verse_id",
            QuestionRefused,
        ),
        ("MATCH (v:Verse) RETURN v.id", NoVerses),
    ],
)
def test_queries_that_do_more_than_name_verses_are_refused(
    library: Database, graph: Path, cypher: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        join(library, graph, no_embedder, Joined(cypher=cypher), TEXT)
