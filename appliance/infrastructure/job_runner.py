"""Work on a job: claim it, renew its lease, record how it ends."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog

from appliance.errors import ApplianceError, Unavailable
from appliance.infrastructure.jobs import LEASE_S, Job, JobCancelled, JobRunningElsewhere, Jobs, State
from appliance.infrastructure.leases import this_process

REPORT_EVERY_S = 0.25
MAX_ATTEMPTS = 8


class JobContext:
    """What a job function gets: a way to say how far it is, which is also where cancelling reaches it."""

    def __init__(self, jobs: Jobs, job: Job, owner: str, on_report: Callable[[float, str], None]) -> None:
        self._jobs = jobs
        self._job = job
        self._owner = owner
        self._on_report = on_report
        self._last_report = 0.0

    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        """Say how far the job is (0 to 1) and what it does. Raises JobCancelled when a person asked it to stop.

        Calls may come as often as they like; they are written a few times a second, or at once with `now`.
        """
        self._on_report(progress, message)
        if now or time.monotonic() - self._last_report >= REPORT_EVERY_S:
            self._jobs.report(self._job.id, self._owner, progress, message)
            self._last_report = time.monotonic()

    def restart_clock(self, progress: float) -> None:
        """Estimate the time left from here on."""
        self._jobs.restart_clock(self._job.id, progress)


JobFunction = Callable[[JobContext, Mapping[str, Any]], str]


def run_job(
    jobs: Jobs,
    functions: Mapping[str, JobFunction],
    job_id: int,
    *,
    retry: bool,
    on_report: Callable[[float, str], None] = lambda _progress, _message: None,
) -> Job:
    """Claim a job and work on it to its end. The function's return value is the closing message.

    Raises JobRunningElsewhere where it cannot be claimed. An error of the work is recorded in the job and raised; with
    `retry`, a passing one (Unavailable) puts the job back instead.
    """
    owner = this_process()
    job = jobs.claim(job_id, owner)
    if job is None:
        raise JobRunningElsewhere(f"Job {job_id} is being worked on by another process, or is over.")
    log = structlog.get_logger().bind(job=job.id, kind=job.kind)
    log.info("job started", attempt=job.attempts)
    try:
        with _renewed_lease(jobs, job.id, owner):
            message = functions[job.kind](JobContext(jobs, job, owner, on_report), job.arguments)
    except JobCancelled as error:
        jobs.finish(job.id, owner, State.CANCELLED, str(error))
        raise
    except Exception as error:
        if retry and isinstance(error, Unavailable) and job.attempts < MAX_ATTEMPTS:
            log.warning("job will be tried again", reason=str(error))
            jobs.retry_later(job, owner, error)
            return jobs.get(job.id)
        if isinstance(error, ApplianceError):
            log.warning("job failed", reason=str(error))
        else:
            log.exception("job failed")
        jobs.finish(job.id, owner, State.FAILED, "failed", error)
        raise
    jobs.finish(job.id, owner, State.DONE, message)
    log.info("job done", message=message)
    return jobs.get(job.id)


@contextlib.contextmanager
def _renewed_lease(jobs: Jobs, job_id: int, owner: str) -> Iterator[None]:
    """Renew the lease while the work goes on, for those who watch from another machine."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_S / 3):
            jobs.renew(job_id, owner)

    thread = threading.Thread(target=renew, name=f"lease of job {job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def lower_priority() -> None:
    """Make this process and what it starts yield to the request path."""
    os.nice(10)
