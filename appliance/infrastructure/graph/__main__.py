"""The process of one question: `python -m appliance.infrastructure.graph ASKED`, which prints its answer as JSON."""

import resource
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import ApplianceError
from appliance.infrastructure.graph.free_question import Answered, Asked
from appliance.infrastructure.graph.kuzu_engine import KuzuGraph

CPU_LIMIT_S = 5


def main() -> None:
    # Whatever the engine were talked into, it cannot write a byte to a file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    asked = msgspec.json.decode(sys.argv[1], type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(_answer(asked), enc_hook=str) + b"\n")
    sys.stdout.flush()


def _answer(asked: Asked) -> Answered:
    graph = KuzuGraph(Path(asked.path))
    try:
        columns, rows = graph.stream(asked.question, asked.values)
        taken = [[_plain(value) for value in row] for row in islice(rows, asked.max_rows + 1)]
    except ApplianceError as error:
        return Answered(error=error.message.removeprefix("The question cannot be answered: "))
    return Answered(columns, taken[: asked.max_rows], cut=len(taken) > asked.max_rows)


def _plain(value: Any) -> Any:
    """Nodes and relations without the engine's own ids."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in ("_id", "_src", "_dst")}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


if __name__ == "__main__":
    main()
