"""The quality of search: topics that people searched for, compared with the verses that readers voted for.

The gain is log2(1 + votes). The votes for a range count for each verse of the range. nDCG as in Järvelin and Kekäläinen,
"Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.
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
    """Return the gains by verse_id for each topic of a file with the columns topic, first OSIS, last OSIS, votes."""
    topics: dict[str, dict[int, float]] = {}
    try:
        with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, delimiter="\t"):
                if row and not row[0].startswith("#"):
                    _add(topics.setdefault(row[0], {}), row[1], row[2] or row[1], int(row[3]))
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise TopicsUnreadable(
            f"{path.name} is not a list of topics with votes.",
            remedy="Use tab-separated columns: topic, start, end, votes.",
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
    """Return `ndcg_at_10`, `recall_at_100`, `hit_at_10`, `p50_ms` and `p95_ms` of the installed search."""
    translation = appliance.translations.choose()
    ndcg_values: list[float] = []
    recall, hit, took_ms = [], [], []
    for number, (topic, gains) in enumerate(topics.items()):
        request = Search(query=topic, mode=mode, translation=translation, limit=DEPTH)
        start = time.perf_counter()
        verse_ids = [result.verse_id for result in appliance.finder.search(request).hits]
        took_ms.append((time.perf_counter() - start) * 1000)
        ndcg_values.append(ndcg(verse_ids, gains))
        recall.append(len(gains.keys() & set(verse_ids)) / len(gains) if gains else 0.0)
        hit.append(float(bool(gains.keys() & set(verse_ids[:TOP]))))
        on_progress(number + 1, len(topics))
    took_ms.sort()
    return [
        plain("ndcg_at_10", statistics.fmean(ndcg_values), "nDCG"),
        plain("recall_at_100", statistics.fmean(recall), "share"),
        plain("hit_at_10", statistics.fmean(hit), "share"),
        plain("p50_ms", took_ms[len(took_ms) // 2], "ms"),
        plain("p95_ms", took_ms[int(len(took_ms) * 0.95)], "ms"),
        plain("topics", len(topics), "topics"),
    ]


def ndcg(verse_ids: list[int], gains: dict[int, float]) -> float:
    """Return the NDCG of the first ten verses."""
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(sorted(gains.values(), reverse=True)[:TOP]))
    actual = sum(gains.get(verse_id, 0.0) / math.log2(rank + 2) for rank, verse_id in enumerate(verse_ids[:TOP]))
    return actual / ideal if ideal else 0.0
