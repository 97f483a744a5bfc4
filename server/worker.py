"""The worker of a queue: it runs the jobs of the queue, and requeues the jobs of workers that died."""

import signal
import threading
from datetime import datetime

import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.cleanup import remove_orphans
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import LIBRARY, MEDIA, OCR, JobKinds
from appliance.infrastructure.jobs.lanes import Lanes
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.runner import lower_priority, work_on
from appliance.infrastructure.jobs.schedule import create_daily_jobs
from server.bootstrap import Appliance
from server.command_jobs import COMMAND

INTERRUPTED = "The command was interrupted. Run ./packaging/run.sh again to finish it."
SWEEP_S = 60.0
_log = structlog.get_logger()


class Worker:
    """A process that consumes a queue, with one thread per slot."""

    def __init__(self, appliance: Appliance, queue: str, kinds: JobKinds[Appliance]) -> None:
        self._appliance, self._queue, self._all_kinds = appliance, queue, kinds
        self._kinds = kinds.of_queue(queue)
        self._owner = this_process()
        self._claimed: set[int] = set()
        self._claiming = threading.Lock()
        settings = appliance.settings
        self._lanes = {
            LIBRARY: Lanes(settings.library_jobs + 1, reserved=1),
            OCR: Lanes(settings.ocr_jobs),
            MEDIA: Lanes(settings.media_jobs),
        }[queue]

    def run(self) -> None:
        """Run jobs until this process gets SIGTERM."""
        lower_priority()
        if self._queue == LIBRARY:
            self._appliance.create_outdated_jobs()
        _log.info("worker started", queue=self._queue)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        connection = self._appliance.queue_connections.to(self._queue)
        connection.consume(work=self.drain, sweep=self.sweep, threads=self._lanes.slots)

    def drain(self) -> None:
        """Run the jobs that are due, until no more jobs may start."""
        while job := self._lanes.take(self._claim):
            try:
                self._work_on(job)
            finally:
                self._claimed.discard(job.id)
                self._lanes.release(job)

    def sweep(self) -> None:
        """Requeue the jobs of dead workers, create scheduled jobs, and wake the queue for waiting jobs."""
        jobs = self._appliance.jobs
        if self._queue == LIBRARY:
            jobs.fail_orphans({COMMAND.name}, INTERRUPTED)
            create_daily_jobs(jobs, self._all_kinds, datetime.now())  # noqa: DTZ005 - the local time of this machine
            remove_orphans(jobs, self._appliance.folder.working_folder)
        with self._claiming:
            jobs.release_others(self._owner, frozenset(self._claimed))
        waits = [(job, jobs.wait_s(job)) for job in jobs.due(self._kinds, within_s=SWEEP_S)]
        # When a slot is woken, it runs jobs until no job is left, so one call per slot is enough.
        for job, _ in [wait for wait in waits if not wait[1]][: self._lanes.slots]:
            self._appliance.dispatcher.wake(job)
        for job, wait_s in waits:
            if wait_s:
                self._appliance.dispatcher.wake(job, wait_s)

    def _claim(self, short_only: bool) -> Job | None:  # noqa: FBT001 - the lane decides
        with self._claiming:
            job = self._appliance.jobs.claim_next(self._queue, self._kinds, self._owner, short_only=short_only)
            if job:
                self._claimed.add(job.id)
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
                working_folder=appliance.folder.working_folder,
                on_retry=lambda pause: appliance.dispatcher.wake(job, pause),
            )
            if self._all_kinds.named(job.kind).changes_library:
                for outdated_job in appliance.create_outdated_jobs():
                    appliance.dispatcher.wake(outdated_job)
        except ApplianceError:
            pass  # the job stores the error for its owner
        except Exception:  # noqa: BLE001 - the job and the log store the error; the worker continues
            _log.debug("the worker continues after an error", job=job.id)
