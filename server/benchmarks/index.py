"""The speed of embedding and indexing the library for search by meaning."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index, embedded_translation
from appliance.scripture.search.ports import Embedder
from server.benchmarks.report import Measurement, at_least, at_most, plain
from server.bootstrap import LIBRARY_MIGRATIONS, Appliance

SAMPLE = 960
ROUNDS = 3
MIN_GAIN = 2.5
MAX_SECONDS = 150.0


class NothingToMeasure(NotFound):
    """The library has no translation to measure."""


SELECT_SAMPLE = "SELECT text FROM verses WHERE translation = ? ORDER BY length(text)"


def measure_index(
    appliance: Appliance, *, onnx: Embedder, torch: Embedder | None, on_progress: Callable[[str], None]
) -> list[Measurement]:
    """Return the rate of each embedder on a sample of verses of all lengths, and `full_index_s` on a copy of the library.

    The embedders take turns. Without torch, `torch_per_s` and `onnx_over_torch` are left out.
    """
    preferred = appliance.settings.embedded_translation
    translation = embedded_translation(appliance.library, preferred)
    name = translation.id if translation else ""
    texts = [str(text) for (text,) in appliance.library.reader.rows(SELECT_SAMPLE, (name,))]
    if not texts:
        raise NothingToMeasure(
            "The library has no translation.", remedy="Import a translation with `lampstand library import LOCATION`."
        )
    rates = _rates([onnx, torch] if torch else [onnx], texts[:: max(1, len(texts) // SAMPLE)], on_progress)
    seconds = _full_index(appliance, onnx, preferred, on_progress)
    measurements = [plain("onnx_per_s", rates[0], "verses/s")]
    if torch:
        measurements += [
            plain("torch_per_s", rates[1], "verses/s"),
            at_least("onnx_over_torch", rates[0] / rates[1], "times", MIN_GAIN, baseline=1.0),
        ]
    baseline = round(len(texts) / rates[1], 1) if torch else None
    return [
        *measurements,
        at_most("full_index_s", seconds, "s", MAX_SECONDS, baseline=baseline),
        plain("verses", len(texts), "verses"),
    ]


def _rates(embedders: Sequence[Embedder], sample: list[str], on_progress: Callable[[str], None]) -> list[float]:
    """Return the texts per second of each embedder: the median of several rounds. The embedders take turns."""
    rates: list[list[float]] = [[] for _ in embedders]
    for embedder in embedders:
        on_progress(f"loading {embedder.model}")
        embedder.embed(sample[:96])
    for number in range(ROUNDS):
        for embedder, embedder_rates in zip(embedders, rates, strict=True):
            on_progress(f"round {number + 1} of {ROUNDS}: {embedder.model}")
            start = time.perf_counter()
            embedder.embed(sample)
            embedder_rates.append(len(sample) / (time.perf_counter() - start))
    return [statistics.median(embedder_rates) for embedder_rates in rates]


def _full_index(appliance: Appliance, embedder: Embedder, preferred: str, on_progress: Callable[[str], None]) -> float:
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as temporary_folder:
        path = Path(temporary_folder) / "library.db"
        appliance.library.copy_to(path)
        database = Database(path, LIBRARY_MIGRATIONS)
        database.migrate()
        delete_index(database)
        start = time.perf_counter()
        build_index(
            database,
            embedder,
            preferred,
            lambda done, total: on_progress(f"full index: {done:,} of {total:,}"),
        )
        seconds = time.perf_counter() - start
        database.close()
    return seconds


def delete_index(database: Database) -> None:
    """Delete the embeddings of a library and the state of embedding, so that indexing starts from nothing."""
    with database.write() as work:
        for statement in ("DELETE FROM embedded_verses", "DELETE FROM embedding_state"):
            work.execute(statement)
