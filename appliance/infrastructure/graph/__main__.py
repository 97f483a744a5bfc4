"""The process that answers free queries: `python -I -m appliance.infrastructure.graph`.

It reads `child_messages.Opening` from standard input, opens the graph, and gives up all that it does not need any more. Only
then it reads queries, one per line, and prints an answer per line. Whatever a query talks the engine into, the kernel
refuses it files, programs and sockets.
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
from appliance.infrastructure.graph.asking import QuestionRefused
from appliance.infrastructure.graph.child_messages import Answered, Asked, Opening
from appliance.infrastructure.graph.kuzu_engine import open_connection, stream

if TYPE_CHECKING:
    import kuzu

CPU_LIMIT_S = 5
MORE_MEMORY_BYTES = 256 * 2**20
# The engine imports these when it first returns a value of such a type. Then it is too late.
IMPORTED_LATE = ("datetime", "decimal", "uuid", "kuzu")
# A value of every type that takes a way of its own to Python.
WARM_UP = """
    RETURN date('2020-01-01'), timestamp('2020-01-01 00:00:00'), gen_random_uuid(), interval('1 day'), blob('a'),
        CAST(1.5 AS DECIMAL(5, 2)), CAST(1 AS INT128), [1], {one: 1}, map([1], ['a']), 1.5, true, NULL
"""
# The engine's words about a query. Its other words are about files and about itself.
ABOUT_THE_QUERY = (
    "Parser exception: ",
    "Binder exception: ",
    "Catalog exception: ",
    "Runtime exception: ",
    "Conversion exception: ",
    "Overflow exception: ",
    "Function exception: ",
)
ABOUT_MEMORY = ("Buffer manager exception: ", "std::bad_alloc")
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
        _print(Answered(failure="graph"))
        return
    _answer(connection, Asked(WARM_UP, {}, 1, 2**20))
    revoke_access(more_memory_bytes=MORE_MEMORY_BYTES, cpu_s=CPU_LIMIT_S)
    for line in sys.stdin.buffer:
        _print(_answer(connection, msgspec.json.decode(line, type=Asked)))
    # Nothing is left to be written, and closing the engine takes time.
    os._exit(0)


def _print(answer: Answered) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


def _answer(connection: "kuzu.Connection", asked: Asked) -> Answered:
    try:
        columns, rows = stream(connection, asked.question, asked.values)
        taken, cut = _take(rows, asked)
    except QuestionRefused as error:
        return _failed(error.message)
    except MemoryError:
        return Answered(failure="memory")
    except Exception:  # noqa: BLE001 - what the engine or Python says of itself is nobody's business
        return Answered(failure="engine")
    return Answered(columns, taken, cut=cut)


def _take(rows: Iterator[tuple[Any, ...]], asked: Asked) -> tuple[list[Any], bool]:
    """As many rows as are wanted and fit, in JSON, and whether there are more."""
    taken: list[msgspec.Raw] = []
    size = 0
    for row in rows:
        encoded = msgspec.json.encode([_plain(value) for value in row], enc_hook=str)
        size += len(encoded)
        if len(taken) == asked.max_rows or size > asked.max_bytes:
            return taken, True
        taken.append(msgspec.Raw(encoded))
    return taken, False


def _failed(message: str) -> Answered:
    """Only the engine's words about the query itself are passed on; others would show files and addresses in its code."""
    words = message.removeprefix("The question cannot be answered: ")
    if any(mark in words for mark in ABOUT_MEMORY):
        return Answered(failure="memory")
    if message is not words and not words.startswith(ABOUT_THE_QUERY):
        return Answered(failure="engine")
    return Answered(failure="query", error=words[:MAX_ERROR_CHARACTERS])


def _plain(value: Any) -> Any:
    """Nodes and relations without the engine's own ids."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in ("_id", "_src", "_dst")}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


if __name__ == "__main__":
    main()
