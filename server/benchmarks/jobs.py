"""How many small jobs a worker of the library gets through, beside what writing as many rows costs."""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from appliance.infrastructure.events import EventLog
from appliance.infrastructure.jobs.kind import LIBRARY
from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.report import Measurement, at_least, at_most, plain
from server.bootstrap import Appliance, open_appliance
from server.exercises import NOTE, SELECT_TRACES, StepsArguments, start_worker, traces

JOBS = 1_000
MIN_PER_MINUTE = 1_000.0
LONGEST_S = 300.0
OnProgress = Callable[[str], None]


def measure_jobs(scratch_in: Path, on_progress: OnProgress) -> list[Measurement]:
    """`jobs_per_minute`, from the first made to the last done, `not_once` and the raw costs. Raises MeasurementFailed."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=scratch_in) as scratch:
        appliance = open_appliance(Path(scratch))
        worker = start_worker(Path(scratch), LIBRARY)
        try:
            on_progress("waiting for the worker")
            _await(appliance, lambda: appliance.jobs.last_of_kind("check") is not None and not appliance.jobs.active())
            began = time.perf_counter()
            for number in range(JOBS):
                appliance.dispatcher.start(NOTE, StepsArguments(number=number))
            made = time.perf_counter() - began
            on_progress(f"{JOBS:,} small jobs")
            _await(appliance, lambda: not appliance.jobs.active())
            took = time.perf_counter() - began
        finally:
            worker.terminate()
            worker.wait(timeout=20)
        left = {job: count for job, count in traces(Path(scratch)).reader.rows(SELECT_TRACES)}  # noqa: C416 - typed
        raw = _raw_row_ms(appliance)
        appliance.close()
    return [
        at_least("jobs_per_minute", JOBS / took * 60, "jobs/min", MIN_PER_MINUTE),
        at_most("not_once", JOBS - len(left) + sum(count != 1 for count in left.values()), "jobs", 0),
        plain("make_ms", made / JOBS * 1000, "ms a job", raw),
        plain("whole_ms", took / JOBS * 1000, "ms a job", raw),
    ]


def _await(appliance: Appliance, look: Callable[[], bool]) -> None:
    """Until something is so, looking whenever the database has changed."""
    log, pause, deadline = EventLog(appliance.appliance_db), threading.Event(), time.monotonic() + LONGEST_S
    version = -1
    while time.monotonic() < deadline:
        if (seen := log.data_version()) != version:
            version = seen
            if look():
                return
        pause.wait(0.01)
    raise MeasurementFailed(
        "The worker did not get through.", remedy="Its log would say why: `lampstand worker library`."
    )


def _raw_row_ms(appliance: Appliance) -> float:
    """Milliseconds of one unit of work that writes a row, of which a job takes a handful."""
    database = traces(appliance.folder.home)
    began = time.perf_counter()
    for number in range(200):
        with database.write() as work:
            work.execute("INSERT INTO traces (job, step) VALUES (?, 0)", (-1 - number,))
    took = (time.perf_counter() - began) * 1000 / 200
    database.close()
    return took
