"""The process that answers free queries, asked directly: without the filter that stands before it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from fakes.graph_child import GraphChild

from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.schema import Content, NodeTable

CITY = NodeTable("City", {"name": "STRING"})
SECRET = "BEGIN PRIVATE KEY"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    build_graph(tmp_path / "graph", [Content(CITY, lambda: [("Nain",), ("Ono",)])], lambda _share, _message: None)
    (tmp_path / "server.key").write_text(f"{SECRET}\n")
    return tmp_path / "graph"


@pytest.mark.parametrize("file", ["{folder}/server.key", "/etc/passwd", "etc/passwd", "/proc/self/environ"])
def test_files_are_closed_where_the_filter_is_bypassed(graph: Path, file: str) -> None:
    path = file.format(folder=graph.parent)
    query = f"UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM '{path}' (file_format='csv', header=false) RETURN column0"
    with GraphChild(graph) as child:
        answer = child.ask(query)

    assert {"columns": [], "rows": [], "cut": False, "failure": "engine", "error": ""} == answer


def test_one_process_answers_after_what_it_could_not_answer(graph: Path) -> None:
    with GraphChild(graph) as child:
        failures = [
            child.ask(query)["failure"]
            for query in (
                "RETURN unknown",
                "RETURN repeat('abcdefghij', 100000000)",
                f"COPY City TO '{graph.parent}/x.csv'",
                "CHECKPOINT",
            )
        ]
        answer = child.ask("MATCH (city:City) WHERE city.name <> $name RETURN city", name="Ono")

    assert ["query", "memory", "query", "engine"] == failures
    assert [[{"_label": "City", "name": "Nain"}]] == answer["rows"]


def test_a_crash_of_the_engine_ends_this_process_only(graph: Path) -> None:
    with GraphChild(graph) as child:
        assert {} == child.ask("CALL read_csv_parallel('/etc/passwd') RETURN *")


def test_it_dies_with_the_process_that_asks(graph: Path) -> None:
    endless = "MATCH (a:City) UNWIND range(1, 9000) AS x UNWIND range(1, 9000) AS y UNWIND range(1, 9000) AS z RETURN count(*)"
    script = (
        "import sys\nfrom pathlib import Path\nfrom appliance.infrastructure.graph.free_question import ask_freely\n"
        "ask_freely(Path(sys.argv[1]), sys.argv[2], {}, time_limit_s=60)"
    )
    asking = subprocess.Popen([sys.executable, "-c", script, str(graph), endless])
    children: list[psutil.Process] = []
    while not children and asking.poll() is None:
        children = [child for child in psutil.Process(asking.pid).children(recursive=True) if answers(child)]
    os.kill(asking.pid, signal.SIGKILL)
    asking.wait()

    assert children
    _, alive = psutil.wait_procs(children, timeout=10)
    assert [] == [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def answers(process: psutil.Process) -> bool:
    """Whether it is the child itself by now, no longer one of the programs that start it."""
    try:
        return process.cmdline()[:1] == [sys.executable]
    except psutil.Error:
        return False
