"""Cypher queries with the filter turned off: the kernel prevents access to files, processes and the network."""

import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.cypher_attacks import attacks
from fakes.graph_child import GraphChild, ask_unconfined
from hypothesis import HealthCheck, given, settings

from appliance.errors import Refused
from appliance.infrastructure.confinement import confinement_here
from appliance.infrastructure.graph.interface import GraphQueryRefused
from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.graph.reading_cypher import check_only_reads
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable
from appliance.infrastructure.graph.user_query import run_user_query

SECRET = "BEGIN PRIVATE KEY"
INTERNALS = re.compile(r"Traceback|site-packages|\.py\b|\.cpp\b|0x[0-9a-f]{8}")
# A child process answers at most this many queries, because it may use only five seconds of processor time.
QUERIES_PER_CHILD = 200
CITY = NodeTable("City", {"name": "STRING", "people": "INT64"})
ROAD = RelationTable("ROAD", "City", "City")


class World:
    """A graph, the files and servers that an attacker wants to reach, and the current child process."""

    def __init__(self, folder: Path, port: int) -> None:
        self.graph, self.folder = folder / "graph", folder / "reach"
        self.folder.mkdir()
        self.file = self.folder / "server.key"
        self.file.write_text(f"{SECRET}\n")
        self.places = {"file": self.file, "folder": self.folder, "port": port}
        cities = Content(CITY, lambda: ((f"City {number}", number) for number in range(5)))
        roads = Content(ROAD, lambda: ((f"City {number}", f"City {number + 1}") for number in range(4)))
        build_graph(self.graph, [cities, roads], lambda _share, _message: None)
        self.refused_calls = 0
        self._child: GraphChild | None = None
        self._query_count = 0

    def ask_unfiltered(self, query: str) -> tuple[str, list[tuple[str, bool]]]:
        """The answer of a confined child process as text, and the watched system calls that the child made."""
        if self._child is None or self._query_count == QUERIES_PER_CHILD:
            self.close()
            self._child, self._query_count = GraphChild(self.graph, watched=True), 0
        self._query_count += 1
        answer = self._child.ask(query)
        calls = self._child.calls()
        if not answer:
            self.close()
        return str(answer), calls

    def close(self) -> None:
        if self._child:
            self._child.__exit__(None, None, None)
        self._child = None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed; packaging/test.sh installs it as root")
    if not confinement_here().seccomp:
        pytest.skip("libseccomp.so.2 is not installed")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        world = World(tmp_path_factory.mktemp("world"), listener.getsockname()[1])
        yield world
        world.close()
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [world.file] == list(world.folder.iterdir())


def check_nothing_is_reached(world: World, template: str) -> None:
    query = template % world.places
    answer, calls = world.ask_unfiltered(query)
    world.refused_calls += sum(not done for _, done in calls)

    assert [] == [call for call, done in calls if done]
    assert SECRET not in answer
    assert not INTERNALS.search(answer)
    try:
        check_only_reads(query)
    except GraphQueryRefused:
        return
    # A query that the filter accepts does not even try to make a watched system call.
    assert [] == calls


def test_the_attacks_work_without_the_confinement(world: World) -> None:
    query = (
        f"UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM '{world.file}' (file_format='csv', header=false) RETURN column0"
    )

    assert SECRET in ask_unconfined(world.graph, query, world.folder)
    assert SECRET in ask_unconfined(world.graph, query.replace(str(world.file), world.file.name), world.folder)
    assert "City" in ask_unconfined(
        world.graph, "UNWIND [1] AS x WITH x WHERE x < 1e1CALL show_tables() RETURN name", world.folder
    )


@pytest.mark.parametrize(
    "template",
    [
        "UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM '%(file)s' (file_format='csv', header=false) RETURN column0",
        "UNWIND [1] AS x WITH x WHERE x < 1E5LOAD FROM '/etc/passwd' (file_format='csv', header=false) RETURN column0",
        "UNWIND [1] AS x WITH x WHERE x < 1E5LOAD FROM 'etc/passwd' (file_format='csv', header=false) RETURN column0",
        "UNWIND [1] AS x WITH x WHERE x < 2.5e0LOAD FROM '/proc/self/environ' (file_format='csv') RETURN *",
        "MATCH (c:City) RETURN c.name /* **/ , ' /* */ UNION LOAD FROM '%(file)s' (header=false) RETURN * //'",
        "COPY (MATCH (c:City) RETURN c.name) TO '%(folder)s/out.csv'",
        "EXPORT DATABASE '%(folder)s/export'",
        "INSTALL httpfs FROM 'http://127.0.0.1:%(port)s/'",
        "FORCE INSTALL httpfs",
        "LOAD EXTENSION '%(file)s'",
        "ATTACH '%(file)s' AS other (dbtype kuzu)",
        "LOAD FROM sys RETURN *",
        "CHECKPOINT",
    ],
)
def test_commands_reach_nothing_even_if_they_bypass_the_filter(world: World, template: str) -> None:
    check_nothing_is_reached(world, template)


def check_generated_queries(world: World, count: int) -> None:
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(template=attacks())
    def check(template: str) -> None:
        check_nothing_is_reached(world, template)

    before = world.refused_calls
    check()
    # If fewer system calls were refused, the generated queries were not attacks.
    assert world.refused_calls - before > count / 20


def test_generated_queries_reach_nothing(world: World) -> None:
    check_generated_queries(world, 1_000)


@pytest.mark.soak
def test_many_generated_queries_reach_nothing(world: World) -> None:
    check_generated_queries(world, 20_000)


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(template=attacks())
def test_a_person_gets_a_refusal_or_a_harmless_answer(world: World, template: str) -> None:
    try:
        answer = run_user_query(world.graph, template % world.places, {}, time_limit_s=60)
    except Refused as error:
        assert not INTERNALS.search(str(error))
    else:
        assert SECRET not in str(answer)
