"""Runs a job: claims it, renews its lease, stops its programs if it is cancelled, and records its result."""

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
EVENT_EVERY_S = 1.0
POLL_EVERY_S = 0.5


class _RecordingContext(JobContext):
    """Writes reports to the job's row."""

    def __init__(
        self, jobs: Jobs, job: Job, owner: str, on_report: Callable[[float, str], None], working_folder: Path
    ) -> None:
        super().__init__(job, working_folder)
        self._jobs, self._owner, self._on_report = jobs, owner, on_report
        self._last_report = self._last_event = 0.0

    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        self._on_report(progress, message)
        reported_at = time.monotonic()
        if now or self.stopping.is_set() or reported_at - self._last_report >= REPORT_EVERY_S:
            log_event = now or reported_at - self._last_event >= EVENT_EVERY_S
            self._jobs.report(self.job.id, self._owner, progress, message, log_event=log_event)
            self._last_report = time.monotonic()
            self._last_event = self._last_report if log_event else self._last_event

    def restart_clock(self, progress: float) -> None:
        self._jobs.restart_clock(self.job.id, progress)


def run_job(
    jobs: Jobs,
    kinds: JobKinds[Parts],
    parts: Parts,
    job_id: int,
    *,
    working_folder: Path,
    on_report: Callable[[float, str], None] = lambda _progress, _message: None,
) -> Job:
    """Claim a job and run it to its end in this process. If the job fails, it is not retried.

    Raises JobRunningElsewhere if the job cannot be claimed. An error of the job is recorded in the job and raised.
    """
    owner = this_process()
    job = jobs.claim(job_id, owner)
    if job is None:
        raise JobRunningElsewhere(f"Job {job_id} is running in another process, or has ended.")
    work_on(jobs, kinds, parts, job, owner, working_folder=working_folder, on_report=on_report)
    return jobs.get(job.id)


def work_on(
    jobs: Jobs,
    kinds: JobKinds[Parts],
    parts: Parts,
    job: Job,
    owner: str,
    *,
    working_folder: Path,
    on_report: Callable[[float, str], None] = lambda _progress, _message: None,
    on_retry: Callable[[float], None] | None = None,
) -> None:
    """Run a claimed job to its end, or until it must wait for a retry. `on_retry` is called with the seconds to wait.

    Without `on_retry`, a temporary failure ends the job. An error of the job is recorded in the job and raised.
    """
    kind = kinds.named(job.kind)
    log = structlog.get_logger().bind(job=job.id, kind=job.kind)
    log.info("job started", attempt=job.attempts)
    context = _RecordingContext(jobs, job, owner, on_report, working_folder)
    try:
        with _watched(jobs, job.id, owner, context.stopping):
            message = kind.do(context, parts)
    except JobCancelled:
        if jobs.finish(job.id, owner, State.CANCELLED, "cancelled"):
            context.clear()
        log.info("job cancelled")
        raise
    except Exception as error:
        if on_retry and _can_retry(kind, job, error):
            log.warning("job will be retried", reason=str(error))
            on_retry(jobs.retry_later(job, owner, error))
            return
        if isinstance(error, ApplianceError):
            log.warning("job failed", reason=str(error))
        else:
            log.exception("job failed")
        # If `finish` returns False, another process may have taken over the job, and may be using its folder.
        if jobs.finish(job.id, owner, State.FAILED, "failed", error):
            context.clear()
        raise
    if jobs.finish(job.id, owner, State.DONE, message):
        context.clear()
    log.info("job done", message=message)


def _can_retry(kind: JobKind[Any, Parts], job: Job, error: Exception) -> bool:
    return isinstance(error, (*kind.retried, JobProcessDied)) and job.failures + 1 < kind.tries


@contextlib.contextmanager
def _watched(jobs: Jobs, job_id: int, owner: str, stopping: threading.Event) -> Iterator[None]:
    """Within the block, renew the job's lease for workers on other machines. Set `stopping` if the job is cancelled."""
    ended = threading.Event()

    def watch() -> None:
        renewed_at = time.monotonic()
        while not ended.wait(POLL_EVERY_S):
            # Continue if a disk is full or busy for some time.
            with contextlib.suppress(ApplianceError):
                if not stopping.is_set() and jobs.should_stop(job_id, owner):
                    stopping.set()
                if time.monotonic() - renewed_at > LEASE_S / 3:
                    jobs.renew(job_id, owner)
                    renewed_at = time.monotonic()

    thread = threading.Thread(target=watch, name=f"watch of job {job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def lower_priority() -> None:
    """Lower the priority of this process and its children, and limit their numeric threads, so that requests are fast."""
    os.nice(NICENESS)
    os.environ.update(ONE_THREAD)
