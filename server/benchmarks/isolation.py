"""How quick reading and a chat stream stay beside a full re-index and programs that burn cores in the other queues."""

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
from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.index import forget_index
from server.benchmarks.report import Measurement, at_least, at_most, plain, quantile
from server.benchmarks.serving import served
from server.benchmarks.stream import chat_model, streaming
from server.bootstrap import Appliance, open_appliance
from server.exercises import BURN_MEDIA, BURN_OCR, BurnArguments, start_worker

CHAPTERS, PAUSE_S = 1_500, 0.005
MAX_OVER_QUIET, MIN_OF_QUIET = 1.6, 0.5
BURN_S = 540
UNDER_WAY, UNDER_WAY_S = 0.02, 120.0
OnProgress = Callable[[str], None]


class NothingToRead(NotFound):
    """The library holds no text."""


def measure_isolation(appliance: Appliance, on_progress: OnProgress) -> list[Measurement]:
    """`p99_over_quiet` and `stream_busy_over_quiet` with the figures behind them. Raises NothingToRead or MeasurementFailed."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as scratch:
        house = copy_of(appliance, Path(scratch))
        forget_index(house.library)
        chapters = list(_chapters(house))
        model = chat_model(house, Path(scratch))
        with served(house.folder.home) as url:
            on_progress("reading while all is quiet")
            quiet = _read(url, chapters)
            with _runtime(house), streaming(house, model) as stream_rate:
                on_progress("a chat model writes while all is quiet")
                quiet_rate = stream_rate()
                with _at_work(house) as index:
                    on_progress("the work begins")
                    _await_under_way(house, index)
                    on_progress("reading beside the work")
                    busy = _read(url, chapters)
                    on_progress("a chat model writes beside the work")
                    busy_rate = stream_rate()
                    done = house.jobs.get(index.id)
        house.close()
    if done.state is State.FAILED or done.progress >= 1:
        raise MeasurementFailed(
            f"The index was {done.state} before the reading was done.", remedy=done.error or "Read fewer chapters."
        )
    return [
        plain("quiet_p50_ms", quantile(quiet, 0.5), "ms"),
        plain("quiet_p99_ms", quantile(quiet, 0.99), "ms"),
        plain("busy_p50_ms", quantile(busy, 0.5), "ms", quantile(quiet, 0.5)),
        plain("busy_p99_ms", quantile(busy, 0.99), "ms", quantile(quiet, 0.99)),
        at_most("p99_over_quiet", quantile(busy, 0.99) / quantile(quiet, 0.99), "times", MAX_OVER_QUIET, baseline=1.0),
        plain("quiet_stream_tokens_per_s", quiet_rate, "tokens/s"),
        plain("busy_stream_tokens_per_s", busy_rate, "tokens/s", quiet_rate),
        at_least("stream_busy_over_quiet", busy_rate / quiet_rate, "times", MIN_OF_QUIET, baseline=1.0),
        plain("indexed_meanwhile", done.progress * 100, "%"),
    ]


def copy_of(appliance: Appliance, home: Path) -> Appliance:
    """A data folder with the same library, graph and search index, links to the same models, and no remembered vector."""
    folder = DataFolder(home).create()
    appliance.library.copy_to(folder.library_db)
    for each in appliance.folder.models.iterdir():
        if each.name != "embeddings":
            (folder.models / each.name).symlink_to(each)
    for made, copy in ((appliance.folder.graph, folder.graph), (appliance.folder.search_index, folder.search_index)):
        if made.exists():
            shutil.copytree(made.parent, copy.parent)
    return open_appliance(home)


def chapter_paths(house: Appliance) -> list[str]:
    """The path of each chapter of the first text, below the API. Raises NothingToRead."""
    text = next(iter(queries.translations(house.library)), None)
    if text is None:
        raise NothingToRead("The library holds no text.", remedy="`lampstand library import LOCATION` brings one.")
    return [
        f"chapters/{quote(text.id)}/{book.osis}/{chapter}"
        for book in queries.books(house.library, text)
        for chapter in queries.chapters(house.library, text, book)
    ]


def _chapters(house: Appliance) -> Iterator[str]:
    every = chapter_paths(house)
    random = Random(4)  # noqa: S311 - the same chapters in each run
    for _ in range(CHAPTERS):
        yield random.choice(every)


def _read(url: str, chapters: list[str]) -> list[float]:
    """Milliseconds of each chapter, one after the other with a breath between."""
    took, breath = [], threading.Event()
    with httpx.Client(timeout=60, trust_env=False) as client:
        for chapter in chapters:
            began = time.perf_counter()
            client.get(f"{url}/{chapter}").raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            breath.wait(PAUSE_S)
    return took


@contextlib.contextmanager
def _at_work(house: Appliance) -> Iterator[Job]:
    """A worker for each queue, and a long job in each; the index is handed out."""
    index = house.dispatcher.create(INDEX)
    for kind in (BURN_OCR, BURN_MEDIA):
        house.dispatcher.start(kind, BurnArguments(seconds=BURN_S))
    house.dispatcher.wake(index)
    workers = [start_worker(house.folder.home, queue) for queue in QUEUES]
    try:
        yield index
    finally:
        _end(workers)


@contextlib.contextmanager
def _runtime(house: Appliance) -> Iterator[None]:
    """The model runtime as under `lampstand up`: there before a worker would start one of its own priority."""
    command = [str(Path(sys.executable).with_name("lampstand")), "--home", str(house.folder.home), "models", "serve"]
    runtime = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        deadline, pause = time.monotonic() + UNDER_WAY_S, threading.Event()
        while not house.models.is_running() and time.monotonic() < deadline:
            pause.wait(0.1)
        yield
    finally:
        _end([runtime])


def _end(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


def _await_under_way(house: Appliance, index: Job) -> None:
    deadline, pause = time.monotonic() + UNDER_WAY_S, threading.Event()
    while time.monotonic() < deadline:
        jobs = {job.id: job for job in house.jobs.active()}
        burning = [job for job in jobs.values() if job.queue != index.queue and job.state is State.RUNNING]
        if index.id in jobs and jobs[index.id].progress >= UNDER_WAY and len(burning) == len(QUEUES) - 1:
            return
        pause.wait(0.2)
    raise MeasurementFailed(
        "The work did not begin.", remedy="Is the embedding model installed? `lampstand doctor` says."
    )
