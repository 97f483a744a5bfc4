"""The number of small jobs per minute in the library queue. The baseline is the cost of writing a database row."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.infrastructure.events import EventLog
from appliance.infrastructure.jobs.kind import LIBRARY
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.report import Measurement, at_least, at_most, plain
from server.bootstrap import Appliance, open_appliance
from server.exercises import NOTE, SELECT_TRACES, StepsArguments, start_worker, traces

JOBS = 1_000
MIN_PER_MINUTE = 1_000.0
TIMEOUT_S = 300.0
OnProgress = Callable[[str], None]


def measure_jobs(parent: Path, on_progress: OnProgress) -> list[Measurement]:
    """Return `jobs_per_minute`, `not_once` and the costs per job. Raises MeasurementFailed.

    The time starts when the first job is created and ends when the last job is finished.
    """
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=parent) as temporary_folder:
        appliance = open_appliance(Path(temporary_folder))
        worker = start_worker(Path(temporary_folder), LIBRARY)
        try:
            on_progress("waiting for the worker")
            await_condition(
                appliance, lambda: appliance.jobs.last_of_kind("check") is not None and not appliance.jobs.active()
            )
            start = time.perf_counter()
            for number in range(JOBS):
                appliance.dispatcher.start(NOTE, StepsArguments(number=number))
            created_s = time.perf_counter() - start
            on_progress(f"{JOBS:,} small jobs")
            await_condition(appliance, lambda: not appliance.jobs.active())
            total_s = time.perf_counter() - start
        finally:
            worker.terminate()
            worker.wait(timeout=20)
        steps_by_job = {job: count for job, count in traces(Path(temporary_folder)).reader.rows(SELECT_TRACES)}  # noqa: C416 - typed
        raw = _raw_row_ms(appliance)
        appliance.close()
    return figures(created_s, total_s, steps_by_job, raw)


def figures(created_s: float, total_s: float, steps_by_job: Mapping[int, int], row_ms: float) -> list[Measurement]:
    """Return the measurements of all jobs. `steps_by_job` is how often each job did its step, `row_ms` the time per row."""
    not_once = JOBS - len(steps_by_job) + sum(count != 1 for count in steps_by_job.values())
    return [
        at_least("jobs_per_minute", JOBS / total_s * 60, "jobs/min", MIN_PER_MINUTE),
        at_most("not_once", not_once, "jobs", 0),
        plain("make_ms", created_s / JOBS * 1000, "ms/job", row_ms),
        plain("whole_ms", total_s / JOBS * 1000, "ms/job", row_ms),
    ]


def await_condition(appliance: Appliance, condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until the condition is true. Check it whenever the database has changed. Raises MeasurementFailed."""
    log, pause, deadline = EventLog(appliance.appliance_db), threading.Event(), time.monotonic() + timeout_s
    version = -1
    while time.monotonic() < deadline:
        if (current_version := log.data_version()) != version:
            version = current_version
            if condition():
                return
        pause.wait(0.01)
    raise MeasurementFailed(
        "The worker did not finish the jobs in time.", remedy="Run `lampstand worker library` and read its log."
    )


def _raw_row_ms(appliance: Appliance) -> float:
    """Return the milliseconds of one transaction that writes a row. A job needs about five such transactions."""
    database = traces(appliance.folder.home)
    start = time.perf_counter()
    for number in range(200):
        with database.write() as work:
            work.execute("INSERT INTO traces (job, step) VALUES (?, 0)", (-1 - number,))
    row_ms = (time.perf_counter() - start) * 1000 / 200
    database.close()
    return row_ms
