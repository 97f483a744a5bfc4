"""The speed of reading and of a chat stream while the library is indexed and other jobs use all cores."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from urllib.parse import quote

import httpx

from appliance.errors import NotFound
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.paths import DataFolder
from appliance.scripture.jobs import INDEX
from appliance.scripture.translations import queries
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.index import delete_index
from server.benchmarks.report import Measurement, at_least, at_most, plain, quantile
from server.benchmarks.serving import served
from server.benchmarks.stream import chat_model, streaming
from server.bootstrap import Appliance, open_appliance
from server.exercises import BURN_MEDIA, BURN_OCR, BurnArguments, start_worker

CHAPTERS, PAUSE_S = 1_500, 0.005
MAX_OVER_QUIET, MIN_OF_QUIET = 1.6, 0.5
BURN_S = 540
STARTED_PROGRESS, START_TIMEOUT_S = 0.02, 120.0
OnProgress = Callable[[str], None]


class NothingToRead(NotFound):
    """The library has no translation."""


def measure_isolation(appliance: Appliance, on_progress: OnProgress) -> list[Measurement]:
    """Return `p99_over_quiet`, `stream_busy_over_quiet` and further figures. Raises NothingToRead or MeasurementFailed."""
    with (
        tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as temporary_folder,
        contextlib.closing(copy_of(appliance, Path(temporary_folder))) as copy,
    ):
        delete_index(copy.library)
        chapters = list(_chapters(copy))
        model = chat_model(copy, Path(temporary_folder))
        with served(copy.folder.home) as url:
            on_progress("reading while the server is idle")
            quiet = _read(url, chapters)
            with _runtime(copy), streaming(copy, model) as stream_rate:
                on_progress("streaming a chat model while the server is idle")
                quiet_rate = stream_rate()
                with _busy_workers(copy) as index:
                    on_progress("starting the jobs")
                    _await_running(copy, index)
                    on_progress("reading while jobs run")
                    busy = _read(url, chapters)
                    on_progress("streaming a chat model while jobs run")
                    busy_rate = stream_rate()
                    index_job = copy.jobs.get(index.id)
    check_still_indexing(index_job)
    return figures(quiet, busy, quiet_rate, busy_rate, index_job.progress)


def check_still_indexing(index_job: Job) -> None:
    """Raise MeasurementFailed if the index job ended before the reading, because then some reading was not disturbed."""
    if index_job.state is State.FAILED or index_job.progress >= 1:
        raise MeasurementFailed(
            f"The index job was {index_job.state} before the reading ended.",
            remedy=index_job.error or "Read fewer chapters.",
        )


def figures(
    quiet: list[float], busy: list[float], quiet_rate: float, busy_rate: float, indexed: float
) -> list[Measurement]:
    """Compare the milliseconds of chapters and the tokens per second of streams, while jobs run and while no job runs.

    `indexed` is the progress of the index job, from 0 to 1.
    """
    return [
        plain("quiet_p50_ms", quantile(quiet, 0.5), "ms"),
        plain("quiet_p99_ms", quantile(quiet, 0.99), "ms"),
        plain("busy_p50_ms", quantile(busy, 0.5), "ms", quantile(quiet, 0.5)),
        plain("busy_p99_ms", quantile(busy, 0.99), "ms", quantile(quiet, 0.99)),
        at_most("p99_over_quiet", quantile(busy, 0.99) / quantile(quiet, 0.99), "times", MAX_OVER_QUIET, baseline=1.0),
        plain("quiet_stream_tokens_per_s", quiet_rate, "tokens/s"),
        plain("busy_stream_tokens_per_s", busy_rate, "tokens/s", quiet_rate),
        at_least("stream_busy_over_quiet", busy_rate / quiet_rate, "times", MIN_OF_QUIET, baseline=1.0),
        plain("indexed_meanwhile", indexed * 100, "%"),
    ]


def copy_of(appliance: Appliance, home: Path) -> Appliance:
    """Create a data folder with the same library, graph and search index, links to the same models, and no cached vectors."""
    folder = DataFolder(home).create()
    appliance.library.copy_to(folder.library_db)
    for model in appliance.folder.models.iterdir():
        if model.name != "embeddings":
            (folder.models / model.name).symlink_to(model)
    for original, copy in (
        (appliance.folder.graph, folder.graph),
        (appliance.folder.search_index, folder.search_index),
    ):
        if original.exists():
            shutil.copytree(original.parent, copy.parent)
    return open_appliance(home)


def chapter_paths(appliance: Appliance) -> list[str]:
    """Return the API path of each chapter of the first translation. Raises NothingToRead."""
    translation = next(iter(queries.translations(appliance.library)), None)
    if translation is None:
        raise NothingToRead(
            "The library has no translation.", remedy="Import a translation with `lampstand library import LOCATION`."
        )
    return [
        f"chapters/{quote(translation.id)}/{book.osis}/{chapter}"
        for book in queries.books(appliance.library, translation)
        for chapter in queries.chapters(appliance.library, translation, book)
    ]


def _chapters(appliance: Appliance) -> Iterator[str]:
    paths = chapter_paths(appliance)
    random = Random(4)  # noqa: S311 - the same chapters in each run
    for _ in range(CHAPTERS):
        yield random.choice(paths)


def _read(url: str, chapters: list[str]) -> list[float]:
    """Return the milliseconds of each chapter. Chapters are requested one after another, with a short pause between them."""
    times_ms, pause = [], threading.Event()
    with httpx.Client(timeout=60, trust_env=False) as client:
        for chapter in chapters:
            start = time.perf_counter()
            client.get(f"{url}/{chapter}").raise_for_status()
            times_ms.append((time.perf_counter() - start) * 1000)
            pause.wait(PAUSE_S)
    return times_ms


@contextlib.contextmanager
def _busy_workers(appliance: Appliance) -> Iterator[Job]:
    """Run a worker and a long job for each queue. Yield the index job."""
    index = appliance.dispatcher.create(INDEX)
    for kind in (BURN_OCR, BURN_MEDIA):
        appliance.dispatcher.start(kind, BurnArguments(seconds=BURN_S))
    appliance.dispatcher.wake(index)
    workers = [start_worker(appliance.folder.home, queue) for queue in QUEUES]
    try:
        yield index
    finally:
        _stop(workers)


@contextlib.contextmanager
def _runtime(appliance: Appliance) -> Iterator[None]:
    """Run the model runtime, as `lampstand up` does. A runtime started by a worker would have the worker's priority."""
    command = [
        str(Path(sys.executable).with_name("lampstand")),
        "--home",
        str(appliance.folder.home),
        "models",
        "serve",
    ]
    runtime = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        deadline, pause = time.monotonic() + START_TIMEOUT_S, threading.Event()
        while not appliance.models.is_running() and time.monotonic() < deadline:
            pause.wait(0.1)
        yield
    finally:
        _stop([runtime])


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


def _await_running(appliance: Appliance, index: Job) -> None:
    deadline, pause = time.monotonic() + START_TIMEOUT_S, threading.Event()
    while time.monotonic() < deadline:
        if have_started(appliance.jobs.active(), index):
            return
        pause.wait(0.2)
    raise MeasurementFailed(
        "The jobs did not start.", remedy="`lampstand doctor` shows whether the embedding model is installed."
    )


def have_started(active: Sequence[Job], index: Job) -> bool:
    """Return whether the index job has made progress and each of the other queues runs a job."""
    jobs = {job.id: job for job in active}
    burning = [job for job in active if job.queue != index.queue and job.state is State.RUNNING]
    return index.id in jobs and jobs[index.id].progress >= STARTED_PROGRESS and len(burning) == len(QUEUES) - 1
