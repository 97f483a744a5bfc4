"""Questions that strangers write: read-only, in a process of their own that is ended when it takes too long."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.graph.asking import GraphMissing, QuestionRefused, check_parameters
from appliance.infrastructure.processes import ProgramFailed, ProgramTooSlow, run_program

TIME_LIMIT_S = 2.0
MAX_ROWS = 1_000
MAX_QUESTION_CHARACTERS, MAX_VALUES_BYTES = 10_000, 50_000
ASK_LESS = "Ask for less: begin at one verse or topic, or add a LIMIT inside."
# What is no question: it writes, touches files or other databases, or changes how the engine works.
FORBIDDEN = frozenset(
    "alter attach begin call checkpoint comment commit copy create delete detach drop export import insert install load macro "
    "merge remove rollback set uninstall update use".split()
)
_NOT_WORDS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`|//[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")


class QuestionTakesTooLong(Refused):
    """The query was ended before it was done."""


class QuestionTooLarge(Refused):
    """The query or its values are larger than anyone's question."""


class Asked(msgspec.Struct, frozen=True):
    """What the child is given."""

    path: str
    question: str
    values: dict[str, Any]
    max_rows: int


class Answered(msgspec.Struct, frozen=True):
    """Columns and rows; `cut` where there would be more rows. `error` in the engine's words, where there is one."""

    columns: list[str] = []
    rows: list[list[Any]] = []
    cut: bool = False
    error: str = ""


def ask_freely(
    path: Path,
    question: str,
    values: Mapping[str, Any],
    *,
    time_limit_s: float = TIME_LIMIT_S,
    max_rows: int = MAX_ROWS,
) -> Answered:
    """The answer to a query in Cypher, of at most so many rows. `values` are those of its `$names`.

    Raises GraphMissing, QuestionRefused for what writes or is no Cypher, QuestionTooLarge, QuestionTakesTooLong.
    """
    if not path.exists():
        raise GraphMissing("The graph is not built yet.", remedy="`lampstand graph build` builds it.")
    check_question(question)
    check_parameters(question, values)
    asked = msgspec.json.encode(Asked(str(path), question, dict(values), max_rows))
    if len(question) > MAX_QUESTION_CHARACTERS or len(asked) > MAX_VALUES_BYTES:
        raise QuestionTooLarge(
            f"A question has at most {MAX_QUESTION_CHARACTERS:,} characters.", remedy="Ask for less at a time."
        )
    lines: list[str] = []
    command = [sys.executable, "-P", "-m", "appliance.infrastructure.graph", asked.decode()]
    try:
        run_program(command, timeout_s=time_limit_s, on_line=lines.append, niceness=5)
    except ProgramTooSlow as error:
        raise QuestionTakesTooLong(
            f"The question was not answered within {time_limit_s:g} seconds.", remedy=ASK_LESS
        ) from error
    except ProgramFailed as error:
        raise QuestionTakesTooLong(
            "The engine ended over this question: it took too much memory.", remedy=ASK_LESS
        ) from error
    answer = msgspec.json.decode(lines[-1], type=Answered)
    if answer.error:
        raise QuestionRefused(f"The question cannot be answered: {answer.error}", remedy="Mend the query.")
    return answer


def check_question(question: str) -> None:
    """Raises QuestionRefused for what could be more than a question."""
    words = {word.lower() for word in _WORD.findall(_NOT_WORDS.sub(" ", question))}
    forbidden = sorted(words & FORBIDDEN)
    if forbidden:
        raise QuestionRefused(
            f"{forbidden[0].upper()} is not taken: the graph is only read.",
            remedy="Ask with MATCH, WHERE, WITH, UNWIND and RETURN; put a name that is such a word in `backticks`.",
        )
    if ";" in _NOT_WORDS.sub(" ", question).strip().rstrip(";"):
        raise QuestionRefused("One question at a time is answered.", remedy="Ask the questions one after another.")
