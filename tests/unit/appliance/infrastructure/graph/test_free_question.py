"""Questions of strangers: read-only, bounded in time and rows."""

from pathlib import Path

import pytest

from appliance.infrastructure.graph.asking import GraphMissing, QuestionRefused
from appliance.infrastructure.graph.free_question import QuestionTakesTooLong, QuestionTooLarge, ask_freely
from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable

CITY = NodeTable("City", {"name": "STRING", "people": "INT64"})
ROAD = RelationTable("ROAD", "City", "City")
# Starting a process on a busy machine takes its time too.
PATIENT_S = 30.0


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph"
    cities = Content(CITY, lambda: ((f"City {number}", number) for number in range(3000)))
    roads = Content(ROAD, lambda: ((f"City {number}", f"City {number + 1}") for number in range(2999)))
    build_graph(path, [cities, roads], lambda _share, _message: None)
    return path


def test_columns_and_rows_come_with_the_values_given(graph: Path) -> None:
    question = "MATCH (city:City)-[road:ROAD]->(next:City) WHERE city.people = $people RETURN city, next.name AS to"
    answer = ask_freely(graph, question, {"people": 7}, time_limit_s=PATIENT_S)

    assert ["city", "to"] == answer.columns
    assert [[{"_label": "City", "name": "City 7", "people": 7}, "City 8"]] == answer.rows
    assert not answer.cut


def test_more_rows_than_are_given_are_cut_and_it_says_so(graph: Path) -> None:
    answer = ask_freely(graph, "MATCH (city:City) RETURN city.name", {}, time_limit_s=PATIENT_S)

    assert (1000, True) == (len(answer.rows), answer.cut)


@pytest.mark.parametrize(
    "question",
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
    ],
)
def test_what_writes_or_touches_files_is_refused(graph: Path, question: str) -> None:
    with pytest.raises(QuestionRefused):
        ask_freely(graph, question, {})


def test_words_in_strings_and_backticks_are_no_commands(graph: Path) -> None:
    question = "MATCH (city:City {name: 'delete; copy'}) RETURN city.name AS `create`"

    assert ["create"] == ask_freely(graph, question, {}, time_limit_s=PATIENT_S).columns


def test_what_is_no_cypher_is_answered_in_the_engines_words(graph: Path) -> None:
    with pytest.raises(QuestionRefused, match="Mayor"):
        ask_freely(graph, "MATCH (m:Mayor) RETURN m", {}, time_limit_s=PATIENT_S)
    with pytest.raises(QuestionRefused, match=r"\$name"):
        ask_freely(graph, "MATCH (c:City {name: $name}) RETURN c", {})


def test_a_question_without_end_is_ended(graph: Path) -> None:
    endless = (
        "MATCH (a:City), (b:City), (c:City), (d:City) WHERE a.people + b.people + c.people = d.people RETURN count(*)"
    )

    with pytest.raises(QuestionTakesTooLong, match="within 2 seconds"):
        ask_freely(graph, endless, {})


def test_too_large_questions_and_missing_graphs_are_told_apart(graph: Path, tmp_path: Path) -> None:
    with pytest.raises(QuestionTooLarge):
        ask_freely(graph, "RETURN $x", {"x": "a" * 60_000})
    with pytest.raises(GraphMissing):
        ask_freely(tmp_path / "none", "RETURN 1", {})
