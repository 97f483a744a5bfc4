"""Creates jobs and wakes the workers of their queues."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic

import structlog

from appliance.errors import Conflict, Unavailable
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.kind import Arguments, JobKind, JobKinds, JobKindUnknown, Parts
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.pauses import Queues
from appliance.infrastructure.jobs.queue_state import QueueState
from appliance.infrastructure.jobs.runner import run_job
from appliance.infrastructure.queue_connections import QueueConnections

# A woken consumer works until its queue is empty. More wake-ups than slots are useless, and a worker has at most 8 slots.
MAX_WAKES = 8


class JobNotRepeatable(Conflict):
    """No worker knows the kind of this job, so the job cannot be started again."""


class Dispatcher(Generic[Parts]):
    """Creates jobs, starts them again, and runs them in this process."""

    def __init__(
        self,
        jobs: Jobs,
        queues: Queues,
        kinds: JobKinds[Parts],
        parts: Parts,
        *,
        connections: QueueConnections,
        working_folder: Path,
    ) -> None:
        self.jobs, self.queues, self.kinds = jobs, queues, kinds
        self._parts, self._connections, self._working_folder = parts, connections, working_folder

    def create(
        self, kind: JobKind[Arguments, Parts], arguments: Arguments | None = None, *, started_by: str = ""
    ) -> Job:
        """Create a job, or return the queued or running job with the same arguments. This does not wake the queue."""
        return self.jobs.create(kind, kind.arguments() if arguments is None else arguments, started_by=started_by)

    def start(
        self, kind: JobKind[Arguments, Parts], arguments: Arguments | None = None, *, started_by: str = ""
    ) -> Job:
        """Create a job as `create` does, and wake its queue."""
        job = self.create(kind, arguments, started_by=started_by)
        self.wake(job)
        return job

    def wake(self, job: Job, delay_s: float = 0.0) -> None:
        """Wake the queue of a new job. If this fails, the worker finds the job in its next sweep."""
        try:
            self._connections.to(job.queue).wake(job.id, delay_s)
        except Unavailable as error:
            structlog.get_logger().warning("a queue was not woken", queue=job.queue, reason=str(error))

    def start_again(self, job_id: int, *, started_by: str = "") -> Job:
        """Create a job with the arguments of an earlier job. Raises JobNotFound, JobNotOver or JobNotRepeatable."""
        old = self.jobs.get(job_id)
        try:
            kind = self.kinds.named(old.kind)
        except JobKindUnknown:
            raise JobNotRepeatable(
                f"Job {job_id} cannot be started again from here.", remedy="Run the command that started the job again."
            ) from None
        job = self.jobs.start_again(kind, job_id, started_by=started_by)
        self.wake(job)
        return job

    def resume(self, queue: str) -> QueueState:
        """Resume a paused queue. Raises QueueNotFound."""
        state = self.queues.resume(queue)
        waiting = [job for job in self.jobs.active() if job.queue == queue and job.state is State.QUEUED]
        for job in waiting[:MAX_WAKES]:
            self.wake(job)
        return state

    def run_in_process(
        self, job: Job, on_report: Callable[[float, str], None] = lambda _progress, _message: None
    ) -> Job:
        """Run a job in this process. The command line uses this. Raises the errors of `run_job`."""
        return run_job(
            self.jobs, self.kinds, self._parts, job.id, working_folder=self._working_folder, on_report=on_report
        )
