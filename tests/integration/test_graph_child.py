"""The child process that answers user queries, used directly: without the query filter."""

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
def test_files_cannot_be_opened_if_the_filter_is_bypassed(graph: Path, file: str) -> None:
    path = file.format(folder=graph.parent)
    query = f"UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM '{path}' (file_format='csv', header=false) RETURN column0"
    with GraphChild(graph) as child:
        answer = child.ask(query)

    assert {"columns": [], "rows": [], "truncated": False, "failure": "engine", "error": ""} == answer


def test_the_process_answers_queries_after_failed_ones(graph: Path) -> None:
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


def test_a_crash_of_the_engine_ends_only_the_child(graph: Path) -> None:
    with GraphChild(graph) as child:
        assert {} == child.ask("CALL read_csv_parallel('/etc/passwd') RETURN *")


def test_the_child_dies_with_its_parent(graph: Path) -> None:
    endless = "MATCH (a:City) UNWIND range(1, 9000) AS x UNWIND range(1, 9000) AS y UNWIND range(1, 9000) AS z RETURN count(*)"
    script = (
        "import sys\nfrom pathlib import Path\nfrom appliance.infrastructure.graph.user_query import run_user_query\n"
        "run_user_query(Path(sys.argv[1]), sys.argv[2], {}, time_limit_s=60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(graph), endless])
    children: list[psutil.Process] = []
    while not children and parent.poll() is None:
        children = [child for child in psutil.Process(parent.pid).children(recursive=True) if is_the_child(child)]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    assert children
    _, alive = psutil.wait_procs(children, timeout=10)
    assert [] == [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def is_the_child(process: psutil.Process) -> bool:
    """Whether the process is the child itself, not one of the programs that start it."""
    try:
        return process.cmdline()[:1] == [sys.executable]
    except psutil.Error:
        return False
