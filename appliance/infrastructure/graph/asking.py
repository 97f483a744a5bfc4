"""How a graph is asked, whatever engine holds it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from appliance.errors import Refused, Unavailable

_PARAMETER = re.compile(r"\$(\w+)")


class GraphMissing(Unavailable):
    """No graph was built yet."""


class GraphDamaged(Unavailable):
    """The file of the graph cannot be opened."""


class QuestionRefused(Refused):
    """The query is not one that the engine takes."""


class Question(NamedTuple):
    """A query and the values of its `$names`."""

    text: str
    values: Mapping[str, Any]


@runtime_checkable
class Graph(Protocol):
    """A graph that answers queries in Cypher; read-only, safe to use from several threads."""

    def rows(self, question: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query answers. Raises GraphMissing, GraphDamaged, QuestionRefused."""
        ...

    def rows_of_each(self, questions: Sequence[Question]) -> list[list[tuple[Any, ...]]]:
        """What each of several queries answers, asked side by side. Raises as `rows` does."""
        ...


def check_parameters(question: str, parameters: Mapping[str, Any]) -> None:
    """Raises QuestionRefused where the `$names` of a query are not those of its values."""
    named = set(_PARAMETER.findall(question))
    if named != parameters.keys():
        odd = ", ".join(sorted(f"${name}" for name in named ^ parameters.keys()))
        raise QuestionRefused(
            f"The question and its values do not fit: {odd}.", remedy="Give a value for each $name, and no other."
        )
