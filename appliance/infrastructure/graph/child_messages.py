"""Messages from `run_user_query` to its child process: one JSON line that names the graph, then one line per query."""

from typing import Any, Literal

import msgspec

Failure = Literal["", "query", "memory", "graph", "engine"]


class Opening(msgspec.Struct, frozen=True):
    """The first line: the absolute path of the graph."""

    path: str


class QueryRequest(msgspec.Struct, frozen=True):
    """A query, the values of its `$names`, and the limits of the answer."""

    query: str
    values: dict[str, Any]
    max_rows: int
    max_bytes: int


class QueryAnswer(msgspec.Struct, frozen=True):
    """Columns and rows; `truncated` is true if there are more rows than returned.

    If there is no answer, `failure` says why. For an error in the query, `error` has the engine's message. Other failures
    are too little memory, a graph that cannot be opened, or another error of the engine.
    """

    columns: list[str] = []
    rows: list[list[Any]] = []
    truncated: bool = False
    failure: Failure = ""
    error: str = ""
