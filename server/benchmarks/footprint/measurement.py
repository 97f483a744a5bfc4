"""The memory of the server in daily use, and the waiting times of people, measured on a copy of a full library."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import msgspec

from server.benchmarks.footprint.appliance_process import RequestLimit, Running, running
from server.benchmarks.footprint.commands import PASSAGE, check_search, seconds_alone, seconds_of
from server.benchmarks.footprint.memory import in_words, total_mb
from server.benchmarks.footprint.queries import Query, first_queries, varied_queries
from server.benchmarks.footprint.reimport import await_first_jobs, import_again
from server.benchmarks.footprint.site import FootprintSite, copy_site
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.report import Measurement, at_most, plain, quantile
from server.benchmarks.serving import exit_on_sigterm
from server.bootstrap import Appliance

MAX_MB = {
    "idle_mb": 350.0,
    "after_first_search_mb": 550.0,
    "after_2000_searches_mb": 600.0,
    "after_rebuild_mb": 600.0,
}
MAX_FIRST_MS, MAX_COLD_MS = 300.0, 900.0
MAX_S = {"cli_search_s": 1.0, "cli_read_s": 0.65, "cli_status_s": 0.65}
MAX_START_S, MAX_P99_OVER_P50 = 2.5, 3.0
COMPLETE_S = 60.0
CHAPTER = "Ps/119"
OnLine = Callable[[str], None]


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """The size of the workload. The targets are for the default sizes; tests use smaller sizes."""

    starts: int = 5
    searches: int = 2_000
    clients: int = 8
    chapters: int = 1_000
    idle_s: float = 30.0
    before_search_s: float = 2.0


class _AnsweredNotice(msgspec.Struct):
    """The answer to a search: only the field that is needed here."""

    notice: str | None


class Footprint:
    """One run on a copied site. Each query of `first` is used once."""

    def __init__(self, site: FootprintSite, plan: Workload, on_progress: OnLine, on_detail: OnLine) -> None:
        self._site, self._plan, self._progress, self._detail = site, plan, on_progress, on_detail
        self.limit = RequestLimit()
        # Each start needs two first searches and two command-line searches. The long run needs two more, the commands one.
        self.first: Iterator[Query] = iter(first_queries(site.material, 4 * plan.starts + 3))

    def prepare(self) -> None:
        """Start once and wait until all jobs are done, including the nightly jobs."""
        self._progress("first start, waiting until all jobs are done")
        with running(self._site, self.limit) as appliance:
            appliance.await_ready()
            await_first_jobs(appliance)

    def starts(self) -> list[Measurement]:
        """Return `start_to_page_s`, `first_search_ms` and `first_search_cold_ms`."""
        page_s = self._measure_starts("start_to_page_s", Running.await_page)
        after_page_ms = self._measure_starts("first_search_ms", self._search_after_page)
        cold_ms = self._measure_starts("first_search_cold_ms", self._search_cold)
        return [
            at_most("first_search_ms", statistics.median(after_page_ms), "ms", MAX_FIRST_MS),
            at_most("first_search_cold_ms", statistics.median(cold_ms), "ms", MAX_COLD_MS),
            at_most("start_to_page_s", statistics.median(page_s), "s", MAX_START_S),
        ]

    def _measure_starts(self, name: str, measure: Callable[[Running], float]) -> list[float]:
        values = []
        for number in range(self._plan.starts):
            self._progress(f"{name}, start {number + 1} of {self._plan.starts}")
            with running(self._site, self.limit) as appliance:
                values.append(measure(appliance))
        self._detail(f"{name}: {', '.join(f'{value:.4g}' for value in values)}")
        return values

    def _search_after_page(self, appliance: Running) -> float:
        appliance.await_ready()
        appliance.guest.get("/").raise_for_status()
        self._wait(self._plan.before_search_s)
        return self._first_search(appliance)

    def _search_cold(self, appliance: Running) -> float:
        appliance.await_ready()
        # Wait as long as after the request for a page. Then only the page explains a difference.
        self._wait(self._plan.before_search_s)
        return self._first_search(appliance)

    def _first_search(self, appliance: Running) -> float:
        """Return the milliseconds until a search is answered by meaning. After an answer by words only, search again."""
        query = next(self.first)
        start = time.perf_counter()
        appliance.wait_for(lambda: _is_complete(appliance, query), "No search was answered by meaning.", COMPLETE_S)
        return (time.perf_counter() - start) * 1000

    def long_run(self) -> list[Measurement]:
        """Return the memory at several points in time, and how long a chapter and commands take."""
        with running(self._site, self.limit) as appliance:
            self._progress("idle")
            appliance.await_ready()
            self._wait(self._plan.idle_s - (time.perf_counter() - appliance.started))
            if appliance.loaded_models():
                raise MeasurementFailed(
                    "A model was loaded before the first search.", remedy="Check whether a model is pinned."
                )
            memory = [self._memory(appliance, "idle_mb")]
            self._first_search(appliance)
            memory.append(self._memory(appliance, "after_first_search_mb"))
            self._search_much(appliance)
            memory.append(self._memory(appliance, "after_2000_searches_mb"))
            chapter = self._read_chapter(appliance)
            commands = self._commands()
            self._progress("importing again, rebuilding the index and the graph")
            import_again(appliance)
            # The web server loads the changed library at the next search.
            self._first_search(appliance)
            self._wait(self._plan.idle_s)
            memory.append(self._memory(appliance, "after_rebuild_mb"))
        return [*memory, *commands, chapter]

    def alone(self) -> Measurement:
        """Return `cli_search_alone_s`."""
        self._progress("commands without a server")
        seconds = seconds_alone(self._site, [next(self.first) for _ in range(self._plan.starts)])
        return plain("cli_search_alone_s", statistics.median(seconds), "s")

    def _memory(self, appliance: Running, name: str) -> Measurement:
        processes = appliance.memory()
        self._detail(f"{name}: {in_words(processes)}")
        return at_most(name, total_mb(processes), "MB", MAX_MB[name])

    def _search_much(self, appliance: Running) -> None:
        """Run many searches. Raises MeasurementFailed if a search fails."""
        queries = varied_queries(self._site.material, self._plan.searches)

        def search(client_queries: list[Query]) -> None:
            with self.limit.client(base_url=appliance.url) as client:
                for query in client_queries:
                    answer = client.get("/api/v1/search", params=query.parameters)
                    if not answer.is_success:
                        raise MeasurementFailed(f"A search for {query.q!r} failed: {answer.text}", remedy="Try again.")

        self._progress(f"{len(queries):,} searches, {self._plan.clients} clients")
        with ThreadPoolExecutor(self._plan.clients) as clients:
            shares = [queries[number :: self._plan.clients] for number in range(self._plan.clients)]
            list(clients.map(search, shares))

    def _read_chapter(self, appliance: Running) -> Measurement:
        self._progress("reading a long chapter")
        path = f"/api/v1/chapters/{quote(self._site.translation.id)}/{CHAPTER}"
        times_ms = []
        with self.limit.client(base_url=appliance.url) as client:
            for _ in range(self._plan.chapters):
                start = time.perf_counter()
                client.get(path).raise_for_status()
                times_ms.append((time.perf_counter() - start) * 1000)
        p50, p99 = quantile(times_ms, 0.5), quantile(times_ms, 0.99)
        self._detail(f"chapter: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        return at_most("chapter_p99_over_p50", p99 / p50, "times", MAX_P99_OVER_P50, baseline=1.0)

    def _commands(self) -> list[Measurement]:
        """Measure commands while the server runs. Before that, one search reads the programs and the library from the disk."""
        self._progress("commands")
        check_search(self._site, next(self.first))
        command_lines: dict[str, Callable[[], list[str]]] = {
            "cli_search_s": lambda: ["search", next(self.first).q],
            "cli_read_s": lambda: ["read", PASSAGE],
            "cli_status_s": lambda: ["status"],
        }
        return [
            at_most(
                name,
                statistics.median(seconds_of(self._site, *command_line()) for _ in range(self._plan.starts)),
                "s",
                MAX_S[name],
            )
            for name, command_line in command_lines.items()
        ]

    @staticmethod
    def _wait(seconds: float) -> None:
        threading.Event().wait(max(seconds, 0.0))


def _is_complete(appliance: Running, query: Query) -> bool:
    answer = appliance.guest.get("/api/v1/search", params=query.parameters).raise_for_status()
    return not msgspec.json.decode(answer.content, type=_AnsweredNotice).notice


def measure_footprint(
    appliance: Appliance, on_progress: OnLine, on_detail: OnLine, plan: Workload | None = None
) -> list[Measurement]:
    """Return the memory of the server in use, and how long starts, first searches, commands and a chapter take.

    `on_detail` gets the memory of each process at each point in time. Raises LibraryIncomplete, AlreadyRunning,
    NothingToSearch or MeasurementFailed.
    """
    with (
        exit_on_sigterm(),
        tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as temporary_folder,
    ):
        on_progress("copying the data folder")
        run = Footprint(copy_site(appliance, Path(temporary_folder)), plan or Workload(), on_progress, on_detail)
        run.prepare()
        starts = run.starts()
        memory = run.long_run()
        alone = run.alone()
        on_detail(f"{run.limit.count:,} requests sent.")
    return [*memory[:4], *starts, *memory[4:], alone]
