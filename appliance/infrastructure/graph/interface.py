"""The interface of a graph, independent of its engine."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from appliance.errors import Refused, Unavailable

# The beginning of the error message if the engine reports an error in a query.
QUERY_FAILED = "The query failed: "
_PARAMETER = re.compile(r"\$(\w+)")


class GraphMissing(Unavailable):
    """The graph has not been built yet."""


class GraphDamaged(Unavailable):
    """The graph's file cannot be opened."""


class GraphQueryRefused(Refused):
    """The query is not allowed, or the engine rejected it."""


class GraphQuery(NamedTuple):
    """A Cypher query and the values of its `$names`."""

    text: str
    values: Mapping[str, Any]


@runtime_checkable
class Graph(Protocol):
    """A read-only graph that answers Cypher queries. Safe to use from several threads."""

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the result rows of a query. Raises GraphMissing, GraphDamaged, GraphQueryRefused."""
        ...

    def rows_of_queries(self, queries: Sequence[GraphQuery]) -> list[list[tuple[Any, ...]]]:
        """Return the result rows of several queries, which run in parallel. Raises the errors of `rows`."""
        ...


def check_parameters(query: str, parameters: Mapping[str, Any]) -> None:
    """Raises GraphQueryRefused if the `$names` in a query are not the names of the given values."""
    names = set(_PARAMETER.findall(query))
    if names != parameters.keys():
        differing_names = ", ".join(sorted(f"${name}" for name in names ^ parameters.keys()))
        raise GraphQueryRefused(
            f"The query and its values do not match: {differing_names}.",
            remedy="Give one value for each $name, and no other values.",
        )
