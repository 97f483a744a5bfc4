"""The appliance on a copy of a full library: its memory in daily use, and what people wait for."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import msgspec

from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.footprint.appliance_process import RequestLimit, Running, running
from server.benchmarks.footprint.commands import PASSAGE, check_search, seconds_alone, seconds_of
from server.benchmarks.footprint.memory import in_words, total_mb
from server.benchmarks.footprint.queries import Query, first_queries, varied_queries
from server.benchmarks.footprint.reimport import await_first_jobs, import_again
from server.benchmarks.footprint.site import FootprintSite, copy_site
from server.benchmarks.report import Measurement, at_most, plain, quantile
from server.benchmarks.serving import ending_properly
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
    """How much is done. The defaults are what the bars are for; tests do less."""

    starts: int = 5
    searches: int = 2_000
    clients: int = 8
    chapters: int = 1_000
    idle_s: float = 30.0
    opened_s: float = 2.0


class _AnsweredNotice(msgspec.Struct):
    """The answer to a search, as far as it matters here."""

    notice: str | None


class Footprint:
    """One run on a site. Each query of `first` is used once."""

    def __init__(self, site: FootprintSite, plan: Workload, on_progress: OnLine, on_detail: OnLine) -> None:
        self._site, self._plan, self._say, self._detail = site, plan, on_progress, on_detail
        self.limit = RequestLimit()
        # Two kinds of first search and two of the command line per start; two in the long run, one before the commands.
        self.first: Iterator[Query] = iter(first_queries(site.material, 4 * plan.starts + 3))

    def prepare(self) -> None:
        """Start once and wait until the nightly jobs and all others are done."""
        self._say("a first start, until no job is left")
        with running(self._site, self.limit) as appliance:
            appliance.await_ready()
            await_first_jobs(appliance)

    def starts(self) -> list[Measurement]:
        """`start_to_page_s`, `first_search_ms`, `first_search_cold_ms`."""
        pages = self._each_start("start_to_page_s", Running.await_page)
        opened = self._each_start("first_search_ms", self._search_after_page)
        cold = self._each_start("first_search_cold_ms", self._search_cold)
        return [
            at_most("first_search_ms", statistics.median(opened), "ms", MAX_FIRST_MS),
            at_most("first_search_cold_ms", statistics.median(cold), "ms", MAX_COLD_MS),
            at_most("start_to_page_s", statistics.median(pages), "s", MAX_START_S),
        ]

    def _each_start(self, name: str, measure: Callable[[Running], float]) -> list[float]:
        values = []
        for number in range(self._plan.starts):
            self._say(f"{name}, start {number + 1} of {self._plan.starts}")
            with running(self._site, self.limit) as appliance:
                values.append(measure(appliance))
        self._detail(f"{name}: {', '.join(f'{value:.4g}' for value in values)}")
        return values

    def _search_after_page(self, appliance: Running) -> float:
        appliance.await_ready()
        appliance.guest.get("/").raise_for_status()
        self._wait(self._plan.opened_s)
        return self._first_search(appliance)

    def _search_cold(self, appliance: Running) -> float:
        appliance.await_ready()
        # As long as after a page, so that only the page makes the difference.
        self._wait(self._plan.opened_s)
        return self._first_search(appliance)

    def _first_search(self, appliance: Running) -> float:
        """Milliseconds until a search is answered with its vector part; it is sent again after an answer without."""
        query = next(self.first)
        began = time.perf_counter()
        appliance.wait_for(lambda: _is_complete(appliance, query), "No search was answered by meaning.", COMPLETE_S)
        return (time.perf_counter() - began) * 1000

    def long_run(self) -> list[Measurement]:
        """The memory at each point, the chapter and the commands."""
        with running(self._site, self.limit) as appliance:
            self._say("idle")
            appliance.await_ready()
            self._wait(self._plan.idle_s - (time.perf_counter() - appliance.started))
            if appliance.loaded_models():
                raise MeasurementFailed("A model was loaded before any search.", remedy="Is one pinned?")
            found = [self._memory(appliance, "idle_mb")]
            self._first_search(appliance)
            found.append(self._memory(appliance, "after_first_search_mb"))
            self._search_much(appliance)
            found.append(self._memory(appliance, "after_2000_searches_mb"))
            chapter = self._read_chapter(appliance)
            commands = self._commands()
            self._say("import again, index, graph")
            import_again(appliance)
            # The web server takes over the changed library when the next search comes.
            self._first_search(appliance)
            self._wait(self._plan.idle_s)
            found.append(self._memory(appliance, "after_rebuild_mb"))
        return [*found, *commands, chapter]

    def alone(self) -> Measurement:
        """`cli_search_alone_s`."""
        self._say("commands without a server")
        took = seconds_alone(self._site, [next(self.first) for _ in range(self._plan.starts)])
        return plain("cli_search_alone_s", statistics.median(took), "s")

    def _memory(self, appliance: Running, name: str) -> Measurement:
        processes = appliance.memory()
        self._detail(f"{name}: {in_words(processes)}")
        return at_most(name, total_mb(processes), "MB", MAX_MB[name])

    def _search_much(self, appliance: Running) -> None:
        """Raises MeasurementFailed where a search fails."""
        queries = varied_queries(self._site.material, self._plan.searches)

        def search(share: list[Query]) -> None:
            with self.limit.client(base_url=appliance.url) as client:
                for query in share:
                    answer = client.get("/api/v1/search", params=query.parameters)
                    if not answer.is_success:
                        raise MeasurementFailed(f"A search for {query.q!r} failed: {answer.text}", remedy="Try again.")

        self._say(f"{len(queries):,} searches, {self._plan.clients} at a time")
        with ThreadPoolExecutor(self._plan.clients) as clients:
            shares = [queries[number :: self._plan.clients] for number in range(self._plan.clients)]
            list(clients.map(search, shares))

    def _read_chapter(self, appliance: Running) -> Measurement:
        self._say("reading a long chapter")
        path = f"/api/v1/chapters/{quote(self._site.text.id)}/{CHAPTER}"
        took = []
        with self.limit.client(base_url=appliance.url) as client:
            for _ in range(self._plan.chapters):
                began = time.perf_counter()
                client.get(path).raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
        p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
        self._detail(f"chapter: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        return at_most("chapter_p99_over_p50", p99 / p50, "times", MAX_P99_OVER_P50, baseline=1.0)

    def _commands(self) -> list[Measurement]:
        """Commands beside the server, after one search that reads the programs and the library from the disk."""
        self._say("commands")
        check_search(self._site, next(self.first))
        lines: dict[str, Callable[[], list[str]]] = {
            "cli_search_s": lambda: ["search", next(self.first).q],
            "cli_read_s": lambda: ["read", PASSAGE],
            "cli_status_s": lambda: ["status"],
        }
        return [
            at_most(
                name,
                statistics.median(seconds_of(self._site, *line()) for _ in range(self._plan.starts)),
                "s",
                MAX_S[name],
            )
            for name, line in lines.items()
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
    """Memory of the appliance as it is used, and the waiting times of starts, first searches, commands and a chapter.

    `on_detail` gets the memory of each process at each point. Raises LibraryIncomplete, RunsAlready, NothingToSearch or
    MeasurementFailed.
    """
    with (
        ending_properly(),
        tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=appliance.folder.home) as scratch,
    ):
        on_progress("copying the data folder")
        run = Footprint(copy_site(appliance, Path(scratch)), plan or Workload(), on_progress, on_detail)
        run.prepare()
        starts = run.starts()
        memory = run.long_run()
        alone = run.alone()
        on_detail(f"{run.limit.count:,} requests were sent.")
    return [*memory[:4], *starts, *memory[4:], alone]
