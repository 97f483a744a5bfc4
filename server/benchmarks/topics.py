"""How good search is: topics that people searched for, against the verses that others voted for.

Gain is log2(1 + votes); a voted range counts for each of its verses. nDCG as in Järvelin and Kekäläinen, "Cumulated
gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.
"""

import csv
import io
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from appliance.errors import Refused
from appliance.infrastructure.opening import open_regular
from appliance.scripture.references import parse_osis
from appliance.scripture.search.hits import Mode, Search
from server.benchmarks.report import Measurement, plain
from server.bootstrap import Appliance

DEPTH = 100
TOP = 10


class TopicsUnreadable(Refused):
    """The file is not a list of topics with votes."""


def read_topics(path: Path) -> dict[str, dict[int, float]]:
    """Gains by verse_id for each topic of a file with the columns topic, first OSIS, last OSIS, votes."""
    topics: dict[str, dict[int, float]] = {}
    try:
        with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, delimiter="\t"):
                if row and not row[0].startswith("#"):
                    _add(topics.setdefault(row[0], {}), row[1], row[2] or row[1], int(row[3]))
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise TopicsUnreadable(
            f"{path.name} is not a list of topics with votes.",
            remedy="Columns: topic, start, end, votes.",
        ) from error
    return topics


def _add(gains: dict[int, float], first: str, last: str, votes: int) -> None:
    start, end = parse_osis(first), parse_osis(last)
    if start is None or end is None:
        return
    for verse_id in range(start.start, end.end + 1):
        if verse_id % 1000 and verse_id - start.start < 200:
            gains[verse_id] = max(gains.get(verse_id, 0.0), math.log2(1 + max(votes, 0)))


def measure_topics(
    appliance: Appliance,
    topics: dict[str, dict[int, float]],
    mode: Mode,
    on_progress: Callable[[int, int], None],
) -> list[Measurement]:
    """`ndcg_at_10`, `recall_at_100`, `hit_at_10`, `p50_ms`, `p95_ms` of the installed search."""
    translation = appliance.translations.choose()
    gained: list[float] = []
    recall, hit, took = [], [], []
    for number, (topic, gains) in enumerate(topics.items()):
        wanted = Search(query=topic, mode=mode, translation=translation, limit=DEPTH)
        began = time.perf_counter()
        found = [each.verse_id for each in appliance.finder.search(wanted).hits]
        took.append((time.perf_counter() - began) * 1000)
        gained.append(ndcg(found, gains))
        recall.append(len(gains.keys() & set(found)) / len(gains) if gains else 0.0)
        hit.append(float(bool(gains.keys() & set(found[:TOP]))))
        on_progress(number + 1, len(topics))
    took.sort()
    return [
        plain("ndcg_at_10", statistics.fmean(gained), "nDCG"),
        plain("recall_at_100", statistics.fmean(recall), "share"),
        plain("hit_at_10", statistics.fmean(hit), "share"),
        plain("p50_ms", took[len(took) // 2], "ms"),
        plain("p95_ms", took[int(len(took) * 0.95)], "ms"),
        plain("topics", len(topics), "topics"),
    ]


def ndcg(found: list[int], gains: dict[int, float]) -> float:
    """NDCG of the first ten of an order."""
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(sorted(gains.values(), reverse=True)[:TOP]))
    actual = sum(gains.get(verse_id, 0.0) / math.log2(rank + 2) for rank, verse_id in enumerate(found[:TOP]))
    return actual / ideal if ideal else 0.0
