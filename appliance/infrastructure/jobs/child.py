"""The child process of a heavy job: it sends the job's reports and its result to the worker."""

import time
from collections.abc import Callable
from pathlib import Path

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKinds, Parts
from appliance.infrastructure.jobs.messages import ClockRestarted, Done, Message, Report, failure_of

# Reports are sent more often than the worker writes them. The worker drops some, but always has a recent report.
SEND_EVERY_S = 0.1


class SendingContext(JobContext):
    """Sends reports to the worker. If the job is cancelled, the worker ends this process."""

    def __init__(self, job: Job, working_folder: Path, send: Callable[[Message], None]) -> None:
        super().__init__(job, working_folder)
        self._send = send
        self._last_sent = 0.0

    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        sent_at = time.monotonic()
        if now or sent_at - self._last_sent >= SEND_EVERY_S:
            self._send(Report(progress, message, now))
            self._last_sent = sent_at

    def restart_clock(self, progress: float) -> None:
        self._send(ClockRestarted(progress))


def do_job(job: Job, start: Callable[[], tuple[JobKinds[Parts], Parts, Path]], send: Callable[[Message], None]) -> None:
    """Run a job and send its result. `start` returns the job kinds, their parts, and the parent of the jobs' folders."""
    try:
        kinds, parts, working_folder = start()
        send(Done(kinds.named(job.kind).do(SendingContext(job, working_folder, send), parts)))
    except Exception as error:  # noqa: BLE001 - the worker handles the error as if it had been raised in the worker
        send(failure_of(error))
