"""User queries: what is refused before the child process starts, and what its answer or its end means.

The child process is a small shell script here. `tests/integration/test_graph_queries.py` uses the real one.
"""

from pathlib import Path

import msgspec
import pytest

from appliance.infrastructure.graph.child_messages import Failure, Opening, QueryAnswer, QueryRequest
from appliance.infrastructure.graph.interface import GraphDamaged, GraphMissing, GraphQueryRefused
from appliance.infrastructure.graph.user_query import GraphQueryTooExpensive, GraphQueryTooLarge, run_user_query

# On a busy machine, starting a process takes long.
PATIENT_S = 30.0


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A file in place of a graph: only the child process opens it."""
    path = tmp_path / "graph"
    path.touch()
    return path


def child(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def child_that_answers(answer: str) -> tuple[str, ...]:
    return child(f"cat > /dev/null; printf '%s\\n' '{answer}'")


@pytest.mark.parametrize(
    "query",
    [
        "CREATE (:City {name: 'Tyre', people: 1})",
        "MATCH (city:City) SET city.people = 0",
        "MATCH (city:City) detach delete city",
        "LOAD FROM '/etc/passwd' RETURN *",
        "COPY City FROM '/etc/passwd'",
        "COPY (MATCH (c:City) RETURN c.name) TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.db' AS other (dbtype sqlite)",
        "CALL threads=64",
        "INSTALL httpfs",
        "EXPORT DATABASE '/tmp/export'",
        "/* harmless */ Load /* still */ From '/etc/passwd' RETURN *",
        "MATCH (c:City) RETURN c.name; MATCH (c:City) RETURN c.people",
        "UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM 'tls/server.key' (file_format='csv', header=false) RETURN column0",
        "UNWIND [1] AS x WITH x WHERE x < 1E5CALL show_tables() RETURN *",
        "UNWIND [1] AS x WITH x WHERE x < 2.5e0CALL show_tables() RETURN *",
        "UNWIND [1] AS x WITH x WHERE x < 1e1CALL show_tables() RETURN *",
        "",
    ],
)
def test_queries_that_write_or_use_files_are_refused(graph: Path, query: str) -> None:
    with pytest.raises(GraphQueryRefused):
        run_user_query(graph, query, {})


def test_a_query_without_a_value_for_a_name_is_refused(graph: Path) -> None:
    with pytest.raises(GraphQueryRefused, match=r"\$name"):
        run_user_query(graph, "MATCH (c:City {name: $name}) RETURN c", {})


def test_large_queries_and_values_have_their_own_error(graph: Path) -> None:
    with pytest.raises(GraphQueryTooLarge):
        run_user_query(graph, "RETURN $x", {"x": "a" * 60_000})
    with pytest.raises(GraphQueryTooLarge):
        run_user_query(graph, f"RETURN '{'a' * 20_000}'", {})


def test_values_that_are_not_text_are_refused(graph: Path) -> None:
    with pytest.raises(GraphQueryRefused, match="cannot be encoded"):
        run_user_query(graph, "RETURN $x", {"x": "\ud800"})


def test_a_missing_graph_has_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(GraphMissing):
        run_user_query(tmp_path / "none", "RETURN 1", {})


def test_the_child_gets_the_path_then_the_query_with_its_values_and_limits(graph: Path) -> None:
    stored = graph.with_name("standard_input")
    answering = child(f"cat > {stored}; echo '{{}}'")
    run_user_query(graph, "RETURN $x", {"x": "é"}, time_limit_s=PATIENT_S, max_rows=5, max_bytes=900, command=answering)
    opening, request = stored.read_bytes().splitlines()

    assert Opening(str(graph)) == msgspec.json.decode(opening, type=Opening)
    assert QueryRequest("RETURN $x", {"x": "é"}, 5, 900) == msgspec.json.decode(request, type=QueryRequest)


def test_the_answer_of_the_child_is_returned(graph: Path) -> None:
    answering = child_that_answers('{"columns": ["name"], "rows": [["Nain"], ["Ono"]], "truncated": true}')
    answer = run_user_query(graph, "RETURN 1", {}, time_limit_s=PATIENT_S, command=answering)

    assert QueryAnswer(["name"], [["Nain"], ["Ono"]], truncated=True) == answer


def test_the_child_starts_in_the_root_folder_without_the_environment_of_the_server(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the server")
    answering = child("""cat > /dev/null; echo "{\\"columns\\": [\\"$PWD\\", \\"$A_SECRET\\"]}" """)

    assert ["/", ""] == run_user_query(graph, "RETURN 1", {}, time_limit_s=PATIENT_S, command=answering).columns


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        ("query", GraphQueryRefused, "Table Mayor does not exist"),
        ("memory", GraphQueryTooExpensive, "too much memory"),
        ("graph", GraphDamaged, "cannot be opened"),
        ("engine", GraphQueryRefused, "The engine cannot answer this query"),
    ],
)
def test_each_failure_of_the_child_has_its_error(
    graph: Path, failure: Failure, error: type[Exception], message: str
) -> None:
    failing = child_that_answers(
        f'{{"failure": "{failure}", "error": "Binder exception: Table Mayor does not exist."}}'
    )
    with pytest.raises(error, match=message):
        run_user_query(graph, "RETURN 1", {}, time_limit_s=PATIENT_S, command=failing)


def test_a_query_that_takes_too_long_is_stopped(graph: Path) -> None:
    with pytest.raises(GraphQueryTooExpensive, match=r"within 0\.05 seconds"):
        run_user_query(graph, "RETURN 1", {}, time_limit_s=0.05, command=("sleep", "60"))


@pytest.mark.parametrize(
    "script",
    ["exit 1", "kill -9 $$", "true", "echo no answer"],
    ids=["fails", "is killed", "prints nothing", "no JSON"],
)
def test_a_child_that_gives_no_answer_was_stopped_by_the_query(graph: Path, script: str) -> None:
    with pytest.raises(GraphQueryTooExpensive, match="The engine stopped during this query"):
        run_user_query(graph, "RETURN 1", {}, time_limit_s=PATIENT_S, command=child(f"cat > /dev/null; {script}"))
