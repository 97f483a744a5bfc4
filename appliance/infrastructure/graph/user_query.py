"""User queries: read-only, with a time limit, in a child process that can access only the graph."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.graph.child_messages import Opening, QueryAnswer, QueryRequest
from appliance.infrastructure.graph.interface import (
    QUERY_FAILED,
    GraphDamaged,
    GraphMissing,
    GraphQueryRefused,
    check_parameters,
)
from appliance.infrastructure.graph.reading_cypher import check_only_reads
from appliance.infrastructure.processes import ProgramFailed, ProgramTooSlow, run_program

TIME_LIMIT_S = 2.0
MAX_ROWS, MAX_ANSWER_BYTES = 1_000, 2_000_000
MAX_QUERY_CHARACTERS, MAX_VALUES_BYTES = 10_000, 50_000
# The longest line that can be an answer with its columns. A correct child process prints less.
MAX_LINE_CHARACTERS = MAX_ANSWER_BYTES + 1_000_000
COMMAND = (sys.executable, "-I", "-m", "appliance.infrastructure.graph")
ASK_LESS = "Ask for less: start at one verse or topic, or add a LIMIT inside the query."


class GraphQueryTooExpensive(Refused):
    """The query took too much time or memory and was stopped."""


class GraphQueryTooLarge(Refused):
    """The query or its values are too large."""


def run_user_query(
    path: Path,
    query: str,
    values: Mapping[str, Any],
    *,
    time_limit_s: float = TIME_LIMIT_S,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_ANSWER_BYTES,
    command: Sequence[str] = COMMAND,
) -> QueryAnswer:
    """Run a Cypher query and return at most this many rows and bytes of JSON. `values` has the values of the `$names`.

    `command` starts the child process that answers the query.
    Raises GraphMissing, GraphDamaged, GraphQueryTooLarge, GraphQueryTooExpensive, and GraphQueryRefused if the query does
    more than read or is not valid Cypher.
    """
    if not path.exists():
        raise GraphMissing("The graph has not been built yet.", remedy="Run `lampstand graph build`.")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise GraphQueryTooLarge(
            f"A query can have at most {MAX_QUERY_CHARACTERS:,} characters.", remedy="Write a shorter query."
        )
    check_only_reads(query)
    check_parameters(query, values)
    request = _encoded(QueryRequest(query, dict(values), max_rows, max_bytes))
    answer = _ask(command, path, request, time_limit_s)
    if answer.failure == "query":
        raise GraphQueryRefused(f"{QUERY_FAILED}{answer.error}", remedy="Correct the query.")
    if answer.failure == "memory":
        raise GraphQueryTooExpensive("The query takes too much memory.", remedy=ASK_LESS)
    if answer.failure == "graph":
        raise GraphDamaged("The graph cannot be opened.", remedy="Run `lampstand graph build` to rebuild it.")
    if answer.failure == "engine":
        raise GraphQueryRefused("The engine cannot answer this query.", remedy="Write the query in another way.")
    return answer


def _encoded(request: QueryRequest) -> str:
    try:
        encoded = msgspec.json.encode(request)
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        raise GraphQueryRefused(
            "The values of the query cannot be encoded.", remedy="Use text, numbers, and lists of text or numbers."
        ) from error
    if len(encoded) > MAX_VALUES_BYTES:
        raise GraphQueryTooLarge(
            f"A query and its values can have at most {MAX_VALUES_BYTES:,} bytes.", remedy="Send fewer values."
        )
    return encoded.decode()


def _ask(command: Sequence[str], path: Path, request: str, time_limit_s: float) -> QueryAnswer:
    opening = msgspec.json.encode(Opening(str(path.absolute()))).decode()
    lines: list[str] = []
    try:
        run_program(
            command,
            timeout_s=time_limit_s,
            on_line=lines.append,
            # The child process runs in a folder and with an environment that contain no data and no secrets.
            cwd=Path("/"),
            inherit_environment=False,
            standard_input=f"{opening}\n{request}\n",
            max_line_characters=MAX_LINE_CHARACTERS,
            niceness=5,
        )
        return msgspec.json.decode(lines[-1], type=QueryAnswer)
    except ProgramTooSlow as error:
        raise GraphQueryTooExpensive(
            f"The query did not finish within {time_limit_s:g} seconds.", remedy=ASK_LESS
        ) from error
    except (ProgramFailed, IndexError, msgspec.DecodeError) as error:
        raise GraphQueryTooExpensive(
            "The engine stopped during this query: the query took too much time or memory.", remedy=ASK_LESS
        ) from error
