"""Work on a job: claim it, renew its lease, end its programs when it is cancelled, record how it ends."""

import contextlib
import os
import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.jobs.job import Job, JobCancelled, JobProcessDied, JobRunningElsewhere, State
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.ledger import LEASE_S, Jobs
from appliance.infrastructure.processes import Finished, run_program

REPORT_EVERY_S = 0.25
TELL_EVERY_S = 1.0
LOOK_EVERY_S = 0.5
NICENESS = 15
# What the libraries of numbers are told: one thread each, since several jobs share few cores with those who read.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")


class JobContext(ABC):
    """What a job function gets: a way to say how far it is, to run programs, and a folder that goes when it ends."""

    def __init__(self, job: Job, workshop: Path) -> None:
        self.job = job
        self._folder = workshop / f"job-{job.id}"
        self.unwanted = threading.Event()

    @abstractmethod
    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        """Say how far the job is (0 to 1) and what it does. Raises JobCancelled when a person asked it to stop.

        Calls may come as often as they like; they are written a few times a second, or at once with `now`.
        """

    @abstractmethod
    def restart_clock(self, progress: float) -> None:
        """Estimate the time left from here on."""

    @property
    def folder(self) -> Path:
        """A folder for what is in the making, perhaps with what an earlier attempt left; it goes when the job is over."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def run_program(
        self,
        arguments: Sequence[str],
        *,
        timeout_s: float,
        on_line: Callable[[str], None] = lambda _line: None,
        environment: Mapping[str, str] | None = None,
        standard_input: str = "",
    ) -> Finished:
        """Run a program at low priority, with one thread for its arithmetic; a cancelled job ends it and its children.

        Raises JobCancelled, and what `run_program` of processes raises.
        """
        finished = run_program(
            arguments,
            timeout_s=timeout_s,
            on_line=on_line,
            niceness=NICENESS,
            environment={**ONE_THREAD, **(environment or {})},
            standard_input=standard_input,
            unwanted=self.unwanted,
        )
        if self.unwanted.is_set():
            raise JobCancelled("Cancelled.")
        return finished

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _RecordingContext(JobContext):
    """Writes what is reported into the job's row."""

    def __init__(
        self, jobs: Jobs, job: Job, owner: str, on_report: Callable[[float, str], None], workshop: Path
    ) -> None:
        super().__init__(job, workshop)
        self._jobs, self._owner, self._on_report = jobs, owner, on_report
        self._last_report = self._last_told = 0.0

    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        self._on_report(progress, message)
        moment = time.monotonic()
        if now or self.unwanted.is_set() or moment - self._last_report >= REPORT_EVERY_S:
            tell = now or moment - self._last_told >= TELL_EVERY_S
            self._jobs.report(self.job.id, self._owner, progress, message, tell=tell)
            self._last_report = time.monotonic()
            self._last_told = self._last_report if tell else self._last_told

    def restart_clock(self, progress: float) -> None:
        self._jobs.restart_clock(self.job.id, progress)


JobFunction = Callable[[JobContext, Mapping[str, Any]], str]
"""Does the work from a context and the job's arguments, and returns the closing message. May be run again at any time."""

Work = Mapping[JobKind, JobFunction]
"""What a process can do: each kind with its function."""


def kind_named(work: Work, name: str) -> tuple[JobKind, JobFunction]:
    """Raises KeyError where this process cannot do it."""
    for kind, function in work.items():
        if kind.name == name:
            return kind, function
    raise KeyError(name)


def run_job(
    jobs: Jobs,
    work: Work,
    job_id: int,
    *,
    workshop: Path,
    on_report: Callable[[float, str], None] = lambda _progress, _message: None,
) -> Job:
    """Claim a job and work on it to its end, here and now; a failure is not tried again.

    Raises JobRunningElsewhere where it cannot be claimed, and the error of the work, once that is recorded in the job.
    """
    owner = this_process()
    job = jobs.claim(job_id, owner)
    if job is None:
        raise JobRunningElsewhere(f"Job {job_id} is being worked on by another process, or is over.")
    work_on(jobs, work, job, owner, workshop=workshop, on_report=on_report)
    return jobs.get(job.id)


def work_on(
    jobs: Jobs,
    work: Work,
    job: Job,
    owner: str,
    *,
    workshop: Path,
    on_report: Callable[[float, str], None] = lambda _progress, _message: None,
    on_retry: Callable[[float], None] | None = None,
) -> None:
    """Work on a claimed job to its end, or until it has to wait: `on_retry` gets the seconds.

    Without `on_retry` a passing failure ends the job. An error of the work is recorded in the job and raised.
    """
    kind, function = kind_named(work, job.kind)
    log = structlog.get_logger().bind(job=job.id, kind=job.kind)
    log.info("job started", attempt=job.attempts)
    context = _RecordingContext(jobs, job, owner, on_report, workshop)
    try:
        with _watched(jobs, job.id, owner, context.unwanted):
            message = function(context, job.arguments)
    except JobCancelled:
        if jobs.finish(job.id, owner, State.CANCELLED, "cancelled"):
            context.clear()
        log.info("job cancelled")
        raise
    except Exception as error:
        if on_retry and _passes(kind, job, error):
            log.warning("job will be tried again", reason=str(error))
            on_retry(jobs.retry_later(job, owner, error))
            return
        if isinstance(error, ApplianceError):
            log.warning("job failed", reason=str(error))
        else:
            log.exception("job failed")
        # Another process may have taken the job over, and work in its folder.
        if jobs.finish(job.id, owner, State.FAILED, "failed", error):
            context.clear()
        raise
    if jobs.finish(job.id, owner, State.DONE, message):
        context.clear()
    log.info("job done", message=message)


def _passes(kind: JobKind, job: Job, error: Exception) -> bool:
    return isinstance(error, (*kind.retried, JobProcessDied)) and job.failures + 1 < kind.tries


@contextlib.contextmanager
def _watched(jobs: Jobs, job_id: int, owner: str, unwanted: threading.Event) -> Iterator[None]:
    """While the work goes on, renew its lease for those who watch from another machine, and hear when it is cancelled."""
    over = threading.Event()

    def watch() -> None:
        renewed = time.monotonic()
        while not over.wait(LOOK_EVERY_S):
            # A disk that is full or busy for a while is no reason to stop looking.
            with contextlib.suppress(ApplianceError):
                if not unwanted.is_set() and jobs.is_unwanted(job_id, owner):
                    unwanted.set()
                if time.monotonic() - renewed > LEASE_S / 3:
                    jobs.renew(job_id, owner)
                    renewed = time.monotonic()

    thread = threading.Thread(target=watch, name=f"watch of job {job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def lower_priority() -> None:
    """Make this process and what it starts yield to the request path: its share of a core, and its threads."""
    os.nice(NICENESS)
    os.environ.update(ONE_THREAD)
