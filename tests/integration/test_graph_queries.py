"""User queries on a real graph: read-only, with limits of time, memory and rows."""

import contextlib
import re
import threading
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.graph.interface import GraphDamaged, GraphQueryRefused
from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable
from appliance.infrastructure.graph.user_query import GraphQueryTooExpensive, run_user_query

CITY = NodeTable("City", {"name": "STRING", "people": "INT64"})
ROAD = RelationTable("ROAD", "City", "City")
# On a busy machine, starting a process takes long.
PATIENT_S = 30.0


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph"
    cities = Content(CITY, lambda: ((f"City {number}", number) for number in range(3000)))
    roads = Content(ROAD, lambda: ((f"City {number}", f"City {number + 1}") for number in range(2999)))
    build_graph(path, [cities, roads], lambda _share, _message: None)
    return path


def test_the_answer_has_columns_and_rows_for_the_given_values(graph: Path) -> None:
    query = "MATCH (city:City)-[road:ROAD]->(next:City) WHERE city.people = $people RETURN city, next.name AS to"
    answer = run_user_query(graph, query, {"people": 7}, time_limit_s=PATIENT_S)

    assert ["city", "to"] == answer.columns
    assert [[{"_label": "City", "name": "City 7", "people": 7}, "City 8"]] == answer.rows
    assert not answer.truncated


def test_paths_of_any_length_are_answered(graph: Path) -> None:
    query = (
        "MATCH p = (a:City {people: 1})-[:ROAD* SHORTEST 1..9]->(b:City {people: 6}) "
        "MATCH (a)-[:ROAD*1..3]->(c:City) RETURN length(p) AS steps, count(c) AS near"
    )

    assert [[5, 3]] == run_user_query(graph, query, {}, time_limit_s=PATIENT_S).rows


def test_rows_over_the_limit_are_cut_and_the_answer_says_so(graph: Path) -> None:
    answer = run_user_query(graph, "MATCH (city:City) RETURN city.name", {}, time_limit_s=PATIENT_S)

    assert (1000, True) == (len(answer.rows), answer.truncated)


def test_words_in_strings_and_backticks_are_not_commands(graph: Path) -> None:
    query = "MATCH (city:City {name: 'delete; copy'}) RETURN city.name AS `create`"

    assert ["create"] == run_user_query(graph, query, {}, time_limit_s=PATIENT_S).columns


def test_invalid_cypher_is_refused_with_the_engines_message(graph: Path) -> None:
    with pytest.raises(GraphQueryRefused, match="Mayor"):
        run_user_query(graph, "MATCH (m:Mayor) RETURN m", {}, time_limit_s=PATIENT_S)


def test_a_damaged_graph_has_its_own_error(tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"no graph" * 10_000)
    with pytest.raises(GraphDamaged):
        run_user_query(tmp_path / "damaged", "RETURN 1", {}, time_limit_s=PATIENT_S)


def test_an_endless_query_is_stopped(graph: Path) -> None:
    endless = (
        "MATCH (a:City), (b:City), (c:City), (d:City) WHERE a.people + b.people + c.people = d.people RETURN count(*)"
    )

    with pytest.raises(GraphQueryTooExpensive, match="within 2 seconds"):
        run_user_query(graph, endless, {})


def test_an_answer_has_a_limit_in_bytes(graph: Path) -> None:
    answer = run_user_query(
        graph, "UNWIND range(1, 50) AS n RETURN n, repeat('a', 100000) AS text", {}, time_limit_s=PATIENT_S
    )

    assert answer.truncated
    assert [list(range(1, 20))] == [[row[0] for row in answer.rows]]


@pytest.mark.parametrize(
    "query",
    [
        "RETURN repeat('abcdefghij', 100000000)",
        "UNWIND range(1, 3000000) AS x RETURN collect(x)",
        "RETURN size(repeat(repeat('abcdefghij', 1000000), 20))",
    ],
)
def test_a_query_that_takes_too_much_memory_is_stopped_with_this_reason(graph: Path, query: str) -> None:
    with pytest.raises(GraphQueryTooExpensive, match="memory"):
        run_user_query(graph, query, {}, time_limit_s=PATIENT_S)


def test_values_of_every_type_are_returned_although_imports_are_denied(graph: Path) -> None:
    query = (
        "RETURN date('2020-01-31'), timestamp('2020-01-31 10:00:00'), uuid('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), "
        "CAST(1.5 AS DECIMAL(5, 2)), interval('1 day'), {one: [1, 2]}, map(['a'], [1.5]), to_json({a: true}), lower('É'), NULL"
    )
    (row,) = run_user_query(graph, query, {}, time_limit_s=PATIENT_S).rows

    assert ["2020-01-31", "2020-01-31T10:00:00", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "1.50"] == row[:4]
    assert [{"one": [1, 2]}, {"a": 1.5}, '{"a":true}', "é", None] == row[5:]


def test_the_query_is_not_in_the_command_line_and_the_environment_is_empty(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the server")
    endless = "MATCH (a:City), (b:City), (c:City) WHERE a.people + b.people = c.people + 7777777 RETURN count(*)"
    child_states: list[tuple[list[str], dict[str, str], str]] = []

    def watch_children() -> None:
        while not finished.wait(0.01):
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "appliance.infrastructure.graph" in child.cmdline():
                        child_states.append((child.cmdline(), child.environ(), child.cwd()))

    finished = threading.Event()
    watcher = threading.Thread(target=watch_children)
    watcher.start()
    with pytest.raises(GraphQueryTooExpensive):
        run_user_query(graph, endless, {})
    finished.set()
    watcher.join()

    commands = {tuple(command[-3:]) for command, _, _ in child_states}
    assert {("-I", "-m", "appliance.infrastructure.graph")} == commands
    assert {"/"} == {folder for _, _, folder in child_states}
    assert set() == {name for _, environment, _ in child_states for name in environment} - {"LC_CTYPE"}


def test_only_the_engines_messages_about_the_query_are_shown(graph: Path) -> None:
    for query in ("RETURN map([[1]], [2])", "MATCH (a:City) RETURN a.name, decode(blob('\\xff'))"):
        with pytest.raises(GraphQueryRefused) as refused:
            run_user_query(graph, query, {}, time_limit_s=PATIENT_S)
        assert not re.search(r"/|Traceback|0x", str(refused.value))
