"""Kuzu: built aside, swapped in whole, opened read-only.

A process that writes refuses every other even to read, so a graph is never written where it is read. `$names` of a query
that get no value match everything in Kuzu; all queries go through `KuzuGraph.rows`, which does not let that happen.
"""

import csv
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.infrastructure.atomic import move_into_place
from appliance.infrastructure.graph.asking import (
    GraphDamaged,
    GraphMissing,
    Question,
    QuestionRefused,
    check_parameters,
)
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable

if TYPE_CHECKING:
    import kuzu

# What a process that asks keeps of the graph; what it does not keep, the system's cache of files does.
READ_BUFFER_BYTES = 64 * 2**20
BUILD_BUFFER_BYTES = 256 * 2**20
# Address space, not memory; a power of two.
MAX_BYTES = 2**34
# Threads of the engine: of a building, of all that is read, and of one question.
BUILD_THREADS, READ_THREADS, QUESTION_THREADS = 2, 2, 1
# Questions of one request that are asked side by side.
READERS = 3


def build_graph(path: Path, contents: Sequence[Content], on_progress: Callable[[float, str], None]) -> int:
    """Build a graph and put it in the place of the one at `path`, if there is one; who reads that goes on with it.

    Returns how many nodes and relations it has. Leaves nothing behind where it fails.
    """
    import kuzu

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=path.parent) as scratch:
        made = Path(scratch) / "graph"
        database = kuzu.Database(made, buffer_pool_size=BUILD_BUFFER_BYTES, max_db_size=MAX_BYTES, max_num_threads=4)
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
        # The file of what replaced changes by others is of no use to the new one.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        move_into_place(made, path)
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
        # Without a string of its own for what is not there, an empty text would be read as that.
        options = r"""HEADER=false, ESCAPE='"', PARALLEL=false, NULL_STRINGS=["\\N"]"""
        if isinstance(content.table, RelationTable) and content.table.other_targets:
            options += f", FROM='{content.table.source}', TO='{content.target}'"
        connection.execute(f'COPY {content.table.name} FROM "{file}" ({options})')
    file.unlink()
    return count


def open_connection(path: Path) -> "kuzu.Connection":
    """A connection to the graph at a path, which must exist, for one thread. Raises GraphDamaged."""
    import kuzu

    return kuzu.Connection(_open(path), num_threads=QUESTION_THREADS)


def stream(
    connection: "kuzu.Connection", question: str, parameters: Mapping[str, Any]
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The columns of what a query answers, and its rows as they are read. Raises QuestionRefused."""
    check_parameters(question, parameters)
    try:
        result = connection.execute(question, dict(parameters))
    except RuntimeError as error:
        raise QuestionRefused(f"The question cannot be answered: {error}", remedy="Correct the query.") from error
    if isinstance(result, list):
        raise QuestionRefused("One question at a time is answered.", remedy="Ask the questions one after another.")
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
            f"The graph cannot be opened: {error}.", remedy="`lampstand graph build` rebuilds it."
        ) from error


class KuzuGraph:
    """The graph at a path, open to read; a newer one is taken as soon as it lies there. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: tuple[tuple[int, int], kuzu.Database] | None = None
        self._local = threading.local()
        self._asking = ThreadPoolExecutor(READERS, thread_name_prefix="graph")

    def rows(self, question: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query answers. Raises GraphMissing, GraphDamaged, QuestionRefused."""
        return list(stream(self._connection(), question, parameters)[1])

    def rows_of_each(self, questions: Sequence[Question]) -> list[list[tuple[Any, ...]]]:
        """What each of several queries answers, asked side by side. Raises as `rows` does."""
        return list(self._asking.map(lambda each: self.rows(each.text, **each.values), questions))

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def close(self) -> None:
        """Let go of the file."""
        self._asking.shutdown()
        with self._lock:
            if self._opened:
                self._opened[1].close()
            self._opened = None

    def _connection(self) -> "kuzu.Connection":
        """A connection of the calling thread's own."""
        import kuzu

        version, database = self._database()
        known: tuple[tuple[int, int], kuzu.Connection] | None = getattr(self._local, "connection", None)
        if known is None or known[0] != version:
            known = version, kuzu.Connection(database, num_threads=QUESTION_THREADS)
            self._local.connection = known
        return known[1]

    def _database(self) -> "tuple[tuple[int, int], kuzu.Database]":
        try:
            status = self._path.stat()
        except FileNotFoundError:
            raise GraphMissing("The graph is not built yet.", remedy="`lampstand graph build` builds it.") from None
        version = status.st_ino, status.st_mtime_ns
        with self._lock:
            if self._opened is None or self._opened[0] != version:
                # Who asks the older one keeps it open until he is answered.
                self._opened = version, _open(self._path)
            return self._opened
