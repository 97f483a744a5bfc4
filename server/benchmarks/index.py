"""How fast the library is made searchable by meaning."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index, embedded_translation
from appliance.scripture.search.ports import Embedder
from server.benchmarks.report import Measurement, at_least, at_most, plain
from server.bootstrap import LIBRARY_MIGRATIONS, Appliance

SAMPLE = 960
ROUNDS = 3
LEAST_GAIN = 2.5
MOST_SECONDS = 150.0


class NothingToMeasure(NotFound):
    """What is to be measured is not there."""


SELECT_SAMPLE = "SELECT text FROM verses WHERE translation = ? ORDER BY length(text)"


def measure_index(
    appliance: Appliance, *, onnx: Embedder, torch: Embedder, on_progress: Callable[[str], None]
) -> list[Measurement]:
    """`onnx_over_torch` on a sample of every length, in turn; then `full_index_s` on a copy of the library."""
    preferred = appliance.settings.embedded_translation
    translation = embedded_translation(appliance.library, preferred)
    name = translation.id if translation else ""
    texts = [str(text) for (text,) in appliance.library.reader.rows(SELECT_SAMPLE, (name,))]
    if not texts:
        raise NothingToMeasure("The library holds no text.", remedy="`lampstand library import LOCATION` brings one.")
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    rates: dict[str, list[float]] = {"onnx": [], "torch": []}
    for embedder in (onnx, torch):
        on_progress(f"loading {embedder.model}")
        embedder.embed(sample[:96])
    for number in range(ROUNDS):
        for kind, embedder in (("onnx", onnx), ("torch", torch)):
            on_progress(f"round {number + 1} of {ROUNDS}: {embedder.model}")
            began = time.perf_counter()
            embedder.embed(sample)
            rates[kind].append(len(sample) / (time.perf_counter() - began))
    onnx_rate, torch_rate = (statistics.median(rates[kind]) for kind in ("onnx", "torch"))
    seconds = _full_index(appliance, onnx, preferred, on_progress)
    return [
        plain("onnx_per_s", onnx_rate, "verses/s"),
        plain("torch_per_s", torch_rate, "verses/s"),
        at_least("onnx_over_torch", onnx_rate / torch_rate, "times", LEAST_GAIN, baseline=1.0),
        at_most("full_index_s", seconds, "s", MOST_SECONDS, baseline=round(len(texts) / torch_rate, 1)),
        plain("verses", len(texts), "verses"),
    ]


def _full_index(appliance: Appliance, embedder: Embedder, preferred: str, on_progress: Callable[[str], None]) -> float:
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as scratch:
        path = Path(scratch) / "library.db"
        appliance.library.copy_to(path)
        database = Database(path, LIBRARY_MIGRATIONS)
        database.migrate()
        forget_index(database)
        began = time.perf_counter()
        build_index(
            database,
            embedder,
            preferred,
            lambda done, total: on_progress(f"full index: {done:,} of {total:,}"),
        )
        seconds = time.perf_counter() - began
        database.close()
    return seconds


def forget_index(database: Database) -> None:
    """Leave a library as if nothing of it had been embedded."""
    with database.write() as work:
        for statement in ("DELETE FROM embedded_verses", "DELETE FROM embedding_state"):
            work.execute(statement)
        work.commit()
