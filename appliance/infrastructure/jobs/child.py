"""Heavy jobs in a process of their own, seen from that process: it tells its worker what the job reports and how it ends."""

import time
from collections.abc import Callable
from pathlib import Path

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKinds, Parts
from appliance.infrastructure.jobs.messages import ClockRestarted, Done, Message, Report, failure_of

# More often than the worker writes reports, so that it drops some and lacks none.
SEND_EVERY_S = 0.1


class TellingContext(JobContext):
    """Sends what is reported to the worker. When the job is cancelled, the worker ends this process."""

    def __init__(self, job: Job, workshop: Path, send: Callable[[Message], None]) -> None:
        super().__init__(job, workshop)
        self._send = send
        self._last_sent = 0.0

    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        moment = time.monotonic()
        if now or moment - self._last_sent >= SEND_EVERY_S:
            self._send(Report(progress, message, now))
            self._last_sent = moment

    def restart_clock(self, progress: float) -> None:
        self._send(ClockRestarted(progress))


def do_job(job: Job, start: Callable[[], tuple[JobKinds[Parts], Parts, Path]], send: Callable[[Message], None]) -> None:
    """Do a job to its end and tell that; `start` returns the kinds, their parts, and the folder of jobs' folders."""
    try:
        kinds, parts, workshop = start()
        send(Done(kinds.named(job.kind).do(TellingContext(job, workshop, send), parts)))
    except Exception as error:  # noqa: BLE001 - the worker decides what follows of it, as if it had been raised there
        send(failure_of(error))
