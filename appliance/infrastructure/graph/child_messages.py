"""What passes between `ask_freely` and the process that answers: a line of JSON with the graph, then a line per query."""

from typing import Any, Literal

import msgspec

Failure = Literal["", "query", "memory", "graph", "engine"]


class Opening(msgspec.Struct, frozen=True):
    """The first line: the absolute path of the graph."""

    path: str


class Asked(msgspec.Struct, frozen=True):
    """A query, the values of its `$names`, and how much of the answer is returned at most."""

    question: str
    values: dict[str, Any]
    max_rows: int
    max_bytes: int


class Answered(msgspec.Struct, frozen=True):
    """Columns and rows; `cut` where there are more rows than are returned.

    Where there is no answer, `failure` says whose fault it is: the query's (then `error` has the engine's words about it), that
    of the memory it takes, of a graph that cannot be opened, or the engine's.
    """

    columns: list[str] = []
    rows: list[list[Any]] = []
    cut: bool = False
    failure: Failure = ""
    error: str = ""
