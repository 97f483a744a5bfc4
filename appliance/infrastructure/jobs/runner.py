"""Work on a job: claim it, renew its lease, end its programs when it is cancelled, record how it ends."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.jobs.context import NICENESS, ONE_THREAD, JobContext
from appliance.infrastructure.jobs.job import Job, JobCancelled, JobProcessDied, JobRunningElsewhere, State
from appliance.infrastructure.jobs.kind import JobKind, JobKinds, Parts
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.ledger import LEASE_S, Jobs

REPORT_EVERY_S = 0.25
TELL_EVERY_S = 1.0
LOOK_EVERY_S = 0.5


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


def run_job(
    jobs: Jobs,
    kinds: JobKinds[Parts],
    parts: Parts,
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
    work_on(jobs, kinds, parts, job, owner, workshop=workshop, on_report=on_report)
    return jobs.get(job.id)


def work_on(
    jobs: Jobs,
    kinds: JobKinds[Parts],
    parts: Parts,
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
    kind = kinds.named(job.kind)
    log = structlog.get_logger().bind(job=job.id, kind=job.kind)
    log.info("job started", attempt=job.attempts)
    context = _RecordingContext(jobs, job, owner, on_report, workshop)
    try:
        with _watched(jobs, job.id, owner, context.unwanted):
            message = kind.do(context, parts)
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


def _passes(kind: JobKind[Any, Parts], job: Job, error: Exception) -> bool:
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
