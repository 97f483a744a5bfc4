"""The child process that answers user queries: `python -I -m appliance.infrastructure.graph`.

It reads `child_messages.Opening` from standard input, opens the graph, and gives up all access that it no longer needs.
After that, it reads queries, one per line, and prints one answer per line. Even if a query exploits a bug of the engine, the
kernel denies the process files, programs and sockets.
"""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import ApplianceError
from appliance.infrastructure.confinement import allow_only_files, revoke_access
from appliance.infrastructure.graph.child_messages import Opening, QueryAnswer, QueryRequest
from appliance.infrastructure.graph.interface import QUERY_FAILED, GraphQueryRefused
from appliance.infrastructure.graph.kuzu_engine import open_connection, stream

if TYPE_CHECKING:
    import kuzu

CPU_LIMIT_S = 5
MORE_MEMORY_BYTES = 256 * 2**20
# The engine imports these modules when it first returns a value of their types. At that time, imports are already denied.
IMPORTED_LATE = ("datetime", "decimal", "uuid", "kuzu")
# The query returns one value of every type that the engine converts to Python in its own way.
WARM_UP = """
    RETURN date('2020-01-01'), timestamp('2020-01-01 00:00:00'), gen_random_uuid(), interval('1 day'), blob('a'),
        CAST(1.5 AS DECIMAL(5, 2)), CAST(1 AS INT128), [1], {one: 1}, map([1], ['a']), 1.5, true, NULL
"""
# The engine's messages about a query start like this. Its other messages are about files and about the engine itself.
QUERY_ERRORS = (
    "Parser exception: ",
    "Binder exception: ",
    "Catalog exception: ",
    "Runtime exception: ",
    "Conversion exception: ",
    "Overflow exception: ",
    "Function exception: ",
)
MEMORY_ERRORS = ("Buffer manager exception: ", "std::bad_alloc")
MAX_ERROR_CHARACTERS = 500


def main() -> None:
    for module in IMPORTED_LATE:
        import_module(module)
    opening = msgspec.json.decode(sys.stdin.buffer.readline(), type=Opening)
    graph = Path(opening.path)
    allow_only_files([graph])
    try:
        connection = open_connection(graph)
    except ApplianceError:
        _print(QueryAnswer(failure="graph"))
        return
    _answer(connection, QueryRequest(WARM_UP, {}, 1, 2**20))
    revoke_access(more_memory_bytes=MORE_MEMORY_BYTES, cpu_s=CPU_LIMIT_S)
    for line in sys.stdin.buffer:
        _print(_answer(connection, msgspec.json.decode(line, type=QueryRequest)))
    # There is nothing left to write, and closing the engine would take time.
    os._exit(0)


def _print(answer: QueryAnswer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


def _answer(connection: "kuzu.Connection", request: QueryRequest) -> QueryAnswer:
    try:
        columns, rows = stream(connection, request.query, request.values)
        encoded_rows, truncated = _encode_rows(rows, request)
    except GraphQueryRefused as error:
        return _failed(error.message)
    except MemoryError:
        return QueryAnswer(failure="memory")
    except Exception:  # noqa: BLE001 - details of the engine or Python are not shown to users
        return QueryAnswer(failure="engine")
    return QueryAnswer(columns, encoded_rows, truncated=truncated)


def _encode_rows(rows: Iterator[tuple[Any, ...]], request: QueryRequest) -> tuple[list[Any], bool]:
    """Return the rows as JSON, up to the limits of the request, and whether there are more rows."""
    encoded_rows: list[msgspec.Raw] = []
    size = 0
    for row in rows:
        encoded = msgspec.json.encode([_plain(value) for value in row], enc_hook=str)
        size += len(encoded)
        if len(encoded_rows) == request.max_rows or size > request.max_bytes:
            return encoded_rows, True
        encoded_rows.append(msgspec.Raw(encoded))
    return encoded_rows, False


def _failed(message: str) -> QueryAnswer:
    """Pass on only messages about the query itself. Other messages of the engine can contain file names and addresses."""
    engine_message = message.removeprefix(QUERY_FAILED)
    if any(mark in engine_message for mark in MEMORY_ERRORS):
        return QueryAnswer(failure="memory")
    if message is not engine_message and not engine_message.startswith(QUERY_ERRORS):
        return QueryAnswer(failure="engine")
    return QueryAnswer(failure="query", error=engine_message[:MAX_ERROR_CHARACTERS])


def _plain(value: Any) -> Any:
    """Return a value without the engine's internal ids of nodes and relations."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in ("_id", "_src", "_dst")}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


if __name__ == "__main__":
    main()
