"""Creates jobs of the kinds there are, and wakes the workers of their queues."""

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

# A consumer that is woken works until nothing is left; so many slots it may have.
MAX_WAKES = 8


class JobNotRepeatable(Conflict):
    """No worker can do again what a job did."""


class Dispatcher(Generic[Parts]):
    """Where jobs are created, started again, and run in this process."""

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
        """A new job, or the one that waits or runs for the same thing. Its queue is not woken."""
        return self.jobs.create(kind, kind.arguments() if arguments is None else arguments, started_by=started_by)

    def start(
        self, kind: JobKind[Arguments, Parts], arguments: Arguments | None = None, *, started_by: str = ""
    ) -> Job:
        """As `create`; the job's queue is woken."""
        job = self.create(kind, arguments, started_by=started_by)
        self.wake(job)
        return job

    def wake(self, job: Job, delay_s: float = 0.0) -> None:
        """Wake the queue of a job that was created; where that fails, the worker's next sweep finds the job."""
        try:
            self._connections.to(job.queue).wake(job.id, delay_s)
        except Unavailable as error:
            structlog.get_logger().warning("a queue was not woken", queue=job.queue, reason=str(error))

    def start_again(self, job_id: int, *, started_by: str = "") -> Job:
        """A new job for what a failed one did not achieve. Raises JobNotFound, JobNotOver or JobNotRepeatable."""
        old = self.jobs.get(job_id)
        try:
            kind = self.kinds.named(old.kind)
        except JobKindUnknown:
            raise JobNotRepeatable(
                f"What job {job_id} did cannot be begun from here.", remedy="Give the command again that began it."
            ) from None
        job = self.jobs.start_again(kind, job_id, started_by=started_by)
        self.wake(job)
        return job

    def resume(self, queue: str) -> QueueState:
        """Go on with a paused queue. Raises QueueNotFound."""
        state = self.queues.resume(queue)
        waiting = [job for job in self.jobs.active() if job.queue == queue and job.state is State.QUEUED]
        for job in waiting[:MAX_WAKES]:
            self.wake(job)
        return state

    def run_here(self, job: Job, on_report: Callable[[float, str], None] = lambda _progress, _message: None) -> Job:
        """Work on a job in this process, as the command line does. Raises as `run_job`."""
        return run_job(self.jobs, self.kinds, self._parts, job.id, workshop=self._working_folder, on_report=on_report)
