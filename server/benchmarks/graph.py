"""How fast the graph is built and asked."""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from appliance.errors import NotFound
from appliance.infrastructure.graph.kuzu_engine import KuzuGraph, build_graph
from appliance.scripture.graph.related import BY_WAY_OF, DEPTH, related
from appliance.scripture.graph.tables import contents
from server.benchmarks.report import Measurement, at_most, plain
from server.bootstrap import Appliance

VERSES = 200
MAX_BUILD_S, MAX_TWO_HOP_MS = 60.0, 15.0
LINKED = "MATCH (verse:Verse)-[:CROSS_REF]->(:Verse) RETURN DISTINCT verse.id ORDER BY verse.id"


class NothingLinked(NotFound):
    """The library holds no cross references to ask about."""


def measure_graph(appliance: Appliance, on_progress: Callable[[str], None]) -> list[Measurement]:
    """`build_s` of the whole library into a scratch file, and `two_hop_p50_ms` of related passages, every reason counted."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as scratch:
        path = Path(scratch) / "graph.kuzu"
        began = time.perf_counter()
        count = build_graph(path, contents(appliance.library), lambda _share, message: on_progress(message))
        built = time.perf_counter() - began
        graph = KuzuGraph(path)
        linked = [int(number) for (number,) in graph.rows(LINKED)]
        if not linked:
            raise NothingLinked(
                "The library holds no cross references.", remedy="`lampstand library import FILE` brings them."
            )
        sample = Random(1).choices(linked, k=VERSES)  # noqa: S311 - the same verses in each run
        on_progress("asking")
        related(graph, sample[0])
        whole = [_milliseconds(partial(related, graph, verse)) for verse in sample]
        bare = [_milliseconds(partial(graph.rows, BY_WAY_OF, verse=verse, depth=DEPTH)) for verse in sample]
        graph.close()
    return [
        at_most("build_s", built, "s", MAX_BUILD_S),
        plain("nodes_and_relations", count, "rows"),
        at_most(
            "two_hop_p50_ms",
            statistics.median(whole),
            "ms",
            MAX_TWO_HOP_MS,
            baseline=round(statistics.median(bare), 3),
        ),
        plain("two_hop_p95_ms", sorted(whole)[int(len(whole) * 0.95)], "ms"),
    ]


def _milliseconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000
