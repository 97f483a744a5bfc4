"""Queries of people: read-only, in a process of their own that can reach nothing but the graph and is ended in time."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.graph.asking import GraphDamaged, GraphMissing, QuestionRefused, check_parameters
from appliance.infrastructure.graph.child_messages import Answered, Asked, Opening
from appliance.infrastructure.graph.reading_cypher import check_only_reads
from appliance.infrastructure.processes import ProgramFailed, ProgramTooSlow, run_program

TIME_LIMIT_S = 2.0
MAX_ROWS, MAX_ANSWER_BYTES = 1_000, 2_000_000
MAX_QUESTION_CHARACTERS, MAX_VALUES_BYTES = 10_000, 50_000
# An answer and its columns; a sound child prints less.
MAX_LINE_CHARACTERS = MAX_ANSWER_BYTES + 1_000_000
COMMAND = (sys.executable, "-I", "-m", "appliance.infrastructure.graph")
ASK_LESS = "Ask for less: begin at one verse or topic, or add a LIMIT inside."


class QuestionTakesTooLong(Refused):
    """The query took too much time or memory and was ended."""


class QuestionTooLarge(Refused):
    """The query or its values are too large."""


def ask_freely(
    path: Path,
    question: str,
    values: Mapping[str, Any],
    *,
    time_limit_s: float = TIME_LIMIT_S,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> Answered:
    """The answer to a query in Cypher, of at most so many rows and bytes of JSON. `values` are those of its `$names`.

    Raises GraphMissing, GraphDamaged, QuestionRefused for a query that does more than read or is no Cypher, QuestionTooLarge,
    QuestionTakesTooLong.
    """
    if not path.exists():
        raise GraphMissing("The graph is not built yet.", remedy="`lampstand graph build` builds it.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLarge(
            f"A question has at most {MAX_QUESTION_CHARACTERS:,} characters.", remedy="Ask for less at a time."
        )
    check_only_reads(question)
    check_parameters(question, values)
    answer = _ask(path, _encoded(Asked(question, dict(values), max_rows, max_bytes)), time_limit_s)
    if answer.failure == "query":
        raise QuestionRefused(f"The question cannot be answered: {answer.error}", remedy="Correct the query.")
    if answer.failure == "memory":
        raise QuestionTakesTooLong("The question takes too much memory.", remedy=ASK_LESS)
    if answer.failure == "graph":
        raise GraphDamaged("The graph cannot be opened.", remedy="`lampstand graph build` rebuilds it.")
    if answer.failure == "engine":
        raise QuestionRefused("The engine cannot answer this question.", remedy="Ask it in another way.")
    return answer


def _encoded(asked: Asked) -> str:
    try:
        encoded = msgspec.json.encode(asked)
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        raise QuestionRefused(
            "The values of the question cannot be passed on.", remedy="Use text, numbers and lists of them."
        ) from error
    if len(encoded) > MAX_VALUES_BYTES:
        raise QuestionTooLarge(
            f"A question and its values have at most {MAX_VALUES_BYTES:,} bytes.", remedy="Ask for less at a time."
        )
    return encoded.decode()


def _ask(path: Path, asked: str, time_limit_s: float) -> Answered:
    opening = msgspec.json.encode(Opening(str(path.absolute()))).decode()
    lines: list[str] = []
    try:
        run_program(
            COMMAND,
            timeout_s=time_limit_s,
            on_line=lines.append,
            # No data and no secrets: a folder and an environment that tell nothing.
            cwd=Path("/"),
            inherit_environment=False,
            standard_input=f"{opening}\n{asked}\n",
            most_line_characters=MAX_LINE_CHARACTERS,
            niceness=5,
        )
        return msgspec.json.decode(lines[-1], type=Answered)
    except ProgramTooSlow as error:
        raise QuestionTakesTooLong(
            f"The question was not answered within {time_limit_s:g} seconds.", remedy=ASK_LESS
        ) from error
    except (ProgramFailed, IndexError, msgspec.DecodeError) as error:
        raise QuestionTakesTooLong(
            "The engine ended over this question: it took too much time or memory.", remedy=ASK_LESS
        ) from error
