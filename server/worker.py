"""The consumer of a queue: works on its jobs, and takes back what the dead left."""

import signal
import threading
from datetime import datetime

import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import LIBRARY, MEDIA, OCR, JobKinds
from appliance.infrastructure.jobs.lanes import Lanes
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.runner import lower_priority, work_on
from appliance.infrastructure.jobs.schedule import create_daily_jobs
from appliance.infrastructure.tidying import remove_orphans
from server.bootstrap import Appliance
from server.command_jobs import COMMAND

CUT_OFF = "It was cut off. Run ./packaging/run.sh again to finish it."
SWEEP_S = 60.0
_log = structlog.get_logger()


class Worker:
    """One process that consumes a queue, with as many threads as it has slots."""

    def __init__(self, appliance: Appliance, queue: str, kinds: JobKinds[Appliance]) -> None:
        self._appliance, self._queue, self._all_kinds = appliance, queue, kinds
        self._kinds = kinds.of_queue(queue)
        self._owner = this_process()
        self._in_hand: set[int] = set()
        self._claiming = threading.Lock()
        settings = appliance.settings
        self._lanes = {
            LIBRARY: Lanes(settings.library_jobs + 1, kept=1),
            OCR: Lanes(settings.ocr_jobs),
            MEDIA: Lanes(settings.media_jobs),
        }[queue]

    def run(self) -> None:
        """Work until this process is asked to end."""
        lower_priority()
        if self._queue == LIBRARY:
            self._appliance.create_outdated_jobs()
        _log.info("worker started", queue=self._queue)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        connection = self._appliance.queue_connections.to(self._queue)
        connection.consume(work=self.drain, sweep=self.sweep, threads=self._lanes.slots)

    def drain(self) -> None:
        """Work on the jobs whose turn it is, until none is left that may start."""
        while job := self._lanes.take(self._claim):
            try:
                self._work_on(job)
            finally:
                self._in_hand.discard(job.id)
                self._lanes.leave(job)

    def sweep(self) -> None:
        """Take back what the dead left, make what is due by the clock, and wake the queue for what waits."""
        jobs = self._appliance.jobs
        if self._queue == LIBRARY:
            jobs.fail_orphans({COMMAND.name}, CUT_OFF)
            create_daily_jobs(jobs, self._all_kinds, datetime.now())  # noqa: DTZ005 - by this machine's own clock
            remove_orphans(jobs, self._appliance.folder.workshop)
        with self._claiming:
            jobs.release_others(self._owner, frozenset(self._in_hand))
        waits = [(job, jobs.wait_s(job)) for job in jobs.due(self._kinds, within_s=SWEEP_S)]
        # A slot that is woken works until nothing is left, so one call for each is enough.
        for job, _ in [each for each in waits if not each[1]][: self._lanes.slots]:
            self._appliance.dispatcher.wake(job)
        for job, wait_s in waits:
            if wait_s:
                self._appliance.dispatcher.wake(job, wait_s)

    def _claim(self, short_only: bool) -> Job | None:  # noqa: FBT001 - what a lane tells
        with self._claiming:
            job = self._appliance.jobs.claim_next(self._queue, self._kinds, self._owner, short_only=short_only)
            if job:
                self._in_hand.add(job.id)
        return job

    def _work_on(self, job: Job) -> None:
        appliance = self._appliance
        try:
            work_on(
                appliance.jobs,
                self._all_kinds,
                appliance,
                job,
                self._owner,
                workshop=appliance.folder.workshop,
                on_retry=lambda pause: appliance.dispatcher.wake(job, pause),
            )
            if self._all_kinds.named(job.kind).changes_library:
                for following in appliance.create_outdated_jobs():
                    appliance.dispatcher.wake(following)
        except ApplianceError:
            pass  # it stands in the job, where the person looks
        except Exception:  # noqa: BLE001 - one job's fault, which stands in the job and in the log; the consumer goes on
            _log.debug("the consumer goes on", job=job.id)
