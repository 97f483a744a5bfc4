"""Cypher queries joined with words follow the same rules as other Cypher queries."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import GraphQueryRefused
from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable
from appliance.scripture.search.joined import JoinedQuery, NoVerses, join
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
    raise AssertionError("The query has no sentence, so no embedder is needed.")


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    build_graph(tmp_path / "graph", [Content(VERSE, lambda: [(43003016,)])], lambda _share, _message: None)
    return tmp_path / "graph"


@pytest.mark.parametrize(
    ("cypher", "refusal"),
    [
        (
            "UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM 'tls/authority.key' RETURN column0 AS verse_id",
            GraphQueryRefused,
        ),
        ("MATCH (v:Verse) RETURN v.id", NoVerses),
    ],
)
def test_queries_that_read_files_or_return_no_verse_ids_are_refused(
    library: Database, graph: Path, cypher: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        join(library, graph, no_embedder, JoinedQuery(cypher=cypher), TEXT)
