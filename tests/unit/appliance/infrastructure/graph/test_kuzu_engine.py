"""A graph is built in a temporary folder, moved into place, and only read there."""

import threading
from pathlib import Path

import pytest

from appliance.infrastructure.graph.interface import GraphDamaged, GraphMissing, GraphQueryRefused
from appliance.infrastructure.graph.kuzu_engine import KuzuGraph, build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable

CITY = NodeTable("City", {"name": "STRING", "people": "INT64"})
ROAD = RelationTable("ROAD", "City", "City", {"toll": "STRING"})
NAMES = "MATCH (city:City) RETURN city.name ORDER BY city.name"


def contents(*cities: str) -> list[Content]:
    return [
        Content(CITY, lambda: [(name, number) for number, name in enumerate(cities)]),
        Content(ROAD, lambda: [(cities[0], cities[-1], 'a "quoted", toll\nand a line')]),
    ]


def build(path: Path, *cities: str) -> int:
    return build_graph(path, contents(*cities), lambda _share, _message: None)


def test_queries_return_the_values_of_the_built_graph(tmp_path: Path) -> None:
    count = build(tmp_path / "graph", "Nain", "Ono")
    graph = KuzuGraph(tmp_path / "graph")

    assert 3 == count
    assert [("Nain",), ("Ono",)] == graph.rows(NAMES)
    assert [('a "quoted", toll\nand a line',)] == graph.rows(
        "MATCH (:City {name: $name})-[road:ROAD]->() RETURN road.toll", name="Nain"
    )


def test_a_new_graph_is_used_at_the_next_query(tmp_path: Path) -> None:
    path = tmp_path / "graph"
    build(path, "Nain", "Ono")
    graph, answers, step = KuzuGraph(path), [], [threading.Event() for _ in range(3)]

    def read() -> None:
        answers.append(graph.rows(NAMES))
        step[0].set()
        step[1].wait(10)
        answers.append(graph.rows(NAMES))

    thread = threading.Thread(target=read)
    thread.start()
    step[0].wait(10)
    build(path, "Gath", "Zoar")
    step[1].set()
    thread.join()

    assert [[("Nain",), ("Ono",)], [("Gath",), ("Zoar",)]] == answers
    assert ["graph"] == [path.name for path in tmp_path.iterdir()]


def test_a_failed_build_keeps_the_old_graph(tmp_path: Path) -> None:
    path = tmp_path / "graph"
    build(path, "Nain", "Ono")

    def broken() -> list[tuple[str, int]]:
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match="full"):
        build_graph(path, [Content(CITY, broken)], lambda _share, _message: None)
    assert [("Nain",), ("Ono",)] == KuzuGraph(path).rows(NAMES)
    assert ["graph"] == [path.name for path in tmp_path.iterdir()]


def test_a_missing_value_is_refused_instead_of_matching_everything(tmp_path: Path) -> None:
    build(tmp_path / "graph", "Nain", "Ono")

    with pytest.raises(GraphQueryRefused, match=r"\$name"):
        KuzuGraph(tmp_path / "graph").rows("MATCH (city:City) WHERE city.name = $name RETURN city.people")


@pytest.mark.parametrize(
    "query", ["CREATE (:City {name: 'Tyre', people: 1})", "MATCH (city:City) DETACH DELETE city", "nonsense"]
)
def test_writing_and_invalid_queries_are_refused(tmp_path: Path, query: str) -> None:
    build(tmp_path / "graph", "Nain", "Ono")
    graph = KuzuGraph(tmp_path / "graph")

    with pytest.raises(GraphQueryRefused):
        graph.rows(query)
    assert 2 == len(graph.rows(NAMES))


def test_the_error_for_a_missing_or_damaged_graph_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(GraphMissing) as missing:
        KuzuGraph(tmp_path / "graph").rows(NAMES)
    (tmp_path / "graph").write_bytes(b"no graph at all" * 1000)
    with pytest.raises(GraphDamaged) as damaged:
        KuzuGraph(tmp_path / "graph").rows(NAMES)

    assert "graph build" in missing.value.remedy
    assert "graph build" in damaged.value.remedy
