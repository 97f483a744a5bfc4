"""The Kuzu engine. A new graph is built in a temporary folder, moved into place, and opened read-only.

While a process writes a graph, no other process can open it, not even to read. So a graph is never written at the path from
which it is read. In Kuzu, a `$name` without a value matches everything; `stream` refuses such queries.
"""

import csv
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.infrastructure.atomic import move_into_place
from appliance.infrastructure.graph.interface import (
    QUERY_FAILED,
    GraphDamaged,
    GraphMissing,
    GraphQuery,
    GraphQueryRefused,
    check_parameters,
)
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable

if TYPE_CHECKING:
    import kuzu

# The page cache of a process that reads the graph. The file cache of the operating system has the other pages.
READ_BUFFER_BYTES = 64 * 2**20
BUILD_BUFFER_BYTES = 256 * 2**20
# The limit of the address space, not of memory. It must be a power of two.
MAX_BYTES = 2**34
# The number of engine threads: for a build, for all readers together, and for one query.
BUILD_THREADS, READ_THREADS, QUERY_THREADS = 2, 2, 1
# The number of queries of one request that run in parallel.
PARALLEL_QUERIES = 3


def build_graph(path: Path, contents: Sequence[Content], on_progress: Callable[[float, str], None]) -> int:
    """Build a graph and replace the graph at `path`, if there is one. Open readers keep the old graph.

    Returns the number of nodes and relations. If the build fails, no files are left behind.
    """
    import kuzu

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=path.parent) as scratch:
        new_graph = Path(scratch) / "graph"
        database = kuzu.Database(
            new_graph, buffer_pool_size=BUILD_BUFFER_BYTES, max_db_size=MAX_BYTES, max_num_threads=4
        )
        connection = kuzu.Connection(database)
        total, created = 0, set[str]()
        for number, content in enumerate(contents):
            on_progress(number / len(contents), f"writing {content.table.name}")
            if content.table.name not in created:
                connection.execute(_create(content.table))
                created.add(content.table.name)
            total += _load(connection, content, Path(scratch))
        on_progress(1.0, "closing")
        connection.execute("CHECKPOINT")
        connection.close()
        database.close()
        # The engine must not apply a write-ahead log of the old graph to the new graph.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        move_into_place(new_graph, path)
    return total


def _create(table: NodeTable | RelationTable) -> str:
    columns = [f"{name} {kind}" for name, kind in table.columns.items()]
    if isinstance(table, NodeTable):
        return f"CREATE NODE TABLE {table.name}({', '.join(columns)}, PRIMARY KEY({next(iter(table.columns))}))"
    ends = [f"FROM {table.source} TO {target}" for target in table.targets]
    return f"CREATE REL TABLE {table.name}({', '.join([*ends, *columns])})"


def _load(connection: "kuzu.Connection", content: Content, scratch: Path) -> int:
    file = scratch / f"{content.table.name}.csv"
    count = 0
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, quoting=csv.QUOTE_NONNUMERIC)
        for row in content.rows():
            writer.writerow(row)
            count += 1
    if count:
        # NULL needs a string of its own here, because by default an empty string is read as NULL.
        options = r"""HEADER=false, ESCAPE='"', PARALLEL=false, NULL_STRINGS=["\\N"]"""
        if isinstance(content.table, RelationTable) and content.table.other_targets:
            options += f", FROM='{content.table.source}', TO='{content.target}'"
        connection.execute(f'COPY {content.table.name} FROM "{file}" ({options})')
    file.unlink()
    return count


def open_connection(path: Path) -> "kuzu.Connection":
    """Open a connection to the graph at a path, for use in one thread. The path must exist. Raises GraphDamaged."""
    import kuzu

    return kuzu.Connection(_open(path), num_threads=QUERY_THREADS)


def stream(
    connection: "kuzu.Connection", query: str, parameters: Mapping[str, Any]
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Run a query and return its columns and an iterator over its rows. Raises GraphQueryRefused."""
    check_parameters(query, parameters)
    try:
        result = connection.execute(query, dict(parameters))
    except RuntimeError as error:
        raise GraphQueryRefused(f"{QUERY_FAILED}{error}", remedy="Correct the query.") from error
    if isinstance(result, list):
        raise GraphQueryRefused("Several queries at once are not allowed.", remedy="Send one query at a time.")
    return list(result.get_column_names()), map(tuple, result)


def _open(path: Path) -> "kuzu.Database":
    import kuzu

    try:
        return kuzu.Database(
            path,
            read_only=True,
            buffer_pool_size=READ_BUFFER_BYTES,
            max_db_size=MAX_BYTES,
            max_num_threads=READ_THREADS,
        )
    except RuntimeError as error:
        raise GraphDamaged(
            f"The graph cannot be opened: {error}.", remedy="Run `lampstand graph build` to rebuild it."
        ) from error


class KuzuGraph:
    """The graph at a path, opened read-only. If the graph was replaced, the next query opens the new graph. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: tuple[tuple[int, int], kuzu.Database] | None = None
        self._local = threading.local()
        self._executor = ThreadPoolExecutor(PARALLEL_QUERIES, thread_name_prefix="graph")

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the result rows of a query. Raises GraphMissing, GraphDamaged, GraphQueryRefused."""
        return list(stream(self._connection(), query, parameters)[1])

    def rows_of_queries(self, queries: Sequence[GraphQuery]) -> list[list[tuple[Any, ...]]]:
        """Return the result rows of several queries, which run in parallel. Raises the errors of `rows`."""
        return list(self._executor.map(lambda query: self.rows(query.text, **query.values), queries))

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def close(self) -> None:
        """Close the graph's file."""
        self._executor.shutdown()
        with self._lock:
            if self._opened:
                self._opened[1].close()
            self._opened = None

    def _connection(self) -> "kuzu.Connection":
        """Return the connection of the calling thread."""
        import kuzu

        version, database = self._database()
        cached: tuple[tuple[int, int], kuzu.Connection] | None = getattr(self._local, "connection", None)
        if cached is None or cached[0] != version:
            cached = version, kuzu.Connection(database, num_threads=QUERY_THREADS)
            self._local.connection = cached
        return cached[1]

    def _database(self) -> "tuple[tuple[int, int], kuzu.Database]":
        try:
            status = self._path.stat()
        except FileNotFoundError:
            raise GraphMissing("The graph has not been built yet.", remedy="Run `lampstand graph build`.") from None
        version = status.st_ino, status.st_mtime_ns
        with self._lock:
            if self._opened is None or self._opened[0] != version:
                # Running queries keep the old file open.
                self._opened = version, _open(self._path)
            return self._opened
