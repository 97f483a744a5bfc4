"""The speed of building the graph and of queries for related passages."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

from appliance.errors import NotFound
from appliance.infrastructure.graph.kuzu_engine import KuzuGraph, build_graph
from appliance.scripture.graph.related import BY_WAY_OF, MAX_PER_REASON, related
from appliance.scripture.graph.tables import contents
from server.benchmarks.report import Measurement, at_most, plain, quantile
from server.bootstrap import Appliance

VERSES = 200
MAX_BUILD_S, MAX_TWO_HOP_MS = 60.0, 15.0
LINKED = "MATCH (verse:Verse)-[:CROSS_REF]->(:Verse) RETURN DISTINCT verse.id ORDER BY verse.id"


class NothingLinked(NotFound):
    """The library has no cross references."""


def measure_graph(appliance: Appliance, on_progress: Callable[[str], None], verses: int = VERSES) -> list[Measurement]:
    """Return `build_s` for the whole library, and `two_hop_p50_ms` for related passages with all reasons.

    `verses` is the number of queries for related passages. Raises NothingLinked.
    """
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as temporary_folder:
        path = Path(temporary_folder) / "graph.kuzu"
        start = time.perf_counter()
        count = build_graph(path, contents(appliance.library), lambda _share, message: on_progress(message))
        built = time.perf_counter() - start
        with closing(KuzuGraph(path)) as graph:
            sample = sample_of([int(number) for (number,) in graph.rows(LINKED)], verses)
            on_progress("finding related passages")
            related(graph, sample[0])
            full_query_ms = [_milliseconds(partial(related, graph, verse)) for verse in sample]
            database_query_ms = [
                _milliseconds(partial(graph.rows, BY_WAY_OF, verse=verse, limit=MAX_PER_REASON)) for verse in sample
            ]
    return figures(built, count, full_query_ms, database_query_ms)


def sample_of(linked: Sequence[int], count: int = VERSES) -> list[int]:
    """Choose the verses to measure. Each run has the same verses. A verse can occur several times. Raises NothingLinked."""
    if not linked:
        raise NothingLinked(
            "The library has no cross references.", remedy="Import them with `lampstand library import FILE`."
        )
    return Random(1).choices(linked, k=count)  # noqa: S311 - the same verses in each run


def figures(
    build_s: float, count: int, full_query_ms: list[float], database_query_ms: list[float]
) -> list[Measurement]:
    """Return the measurements from the seconds of a build, its number of rows, and the milliseconds of each query."""
    return [
        at_most("build_s", build_s, "s", MAX_BUILD_S),
        plain("nodes_and_relations", count, "rows"),
        at_most(
            "two_hop_p50_ms",
            statistics.median(full_query_ms),
            "ms",
            MAX_TWO_HOP_MS,
            baseline=round(statistics.median(database_query_ms), 3),
        ),
        plain("two_hop_p95_ms", quantile(full_query_ms, 0.95), "ms"),
    ]


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000
