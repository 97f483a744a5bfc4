"""The events of jobs and queues. Each job event contains the job in the form that users see."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from appliance.infrastructure.events import DomainEvent
from appliance.infrastructure.jobs.job import Job, JobView, State, view_job
from appliance.infrastructure.jobs.queue_state import Pause


class JobEvent(JobView, DomainEvent, frozen=True, kw_only=True):
    """A change of a job."""


class JobQueuedEvent(JobEvent, frozen=True, kw_only=True):
    """A job was created or requeued."""

    event_kind: ClassVar[str] = "job.queued"


class JobStartedEvent(JobEvent, frozen=True, kw_only=True):
    """A worker claimed a job."""

    event_kind: ClassVar[str] = "job.started"


class JobProgressEvent(JobEvent, frozen=True, kw_only=True):
    """A running job made progress, or its cancellation was requested."""

    event_kind: ClassVar[str] = "job.progress"


class JobDoneEvent(JobEvent, frozen=True, kw_only=True):
    """A job was completed."""

    event_kind: ClassVar[str] = "job.done"


class JobFailedEvent(JobEvent, frozen=True, kw_only=True):
    """A job ended with an error."""

    event_kind: ClassVar[str] = "job.failed"


class JobCancelledEvent(JobEvent, frozen=True, kw_only=True):
    """A job was cancelled before or while it ran."""

    event_kind: ClassVar[str] = "job.cancelled"


class QueuePaused(DomainEvent, frozen=True, kw_only=True):
    """A user paused a queue."""

    event_kind: ClassVar[str] = "queue.paused"

    queue: str
    pause: Pause


class QueueResumed(DomainEvent, frozen=True, kw_only=True):
    """A user resumed a paused queue. `pause` is always null."""

    event_kind: ClassVar[str] = "queue.resumed"

    queue: str
    pause: None = None


# The event type for each state that a job enters.
EVENT_OF_STATE: Mapping[State, type[JobEvent]] = {
    State.QUEUED: JobQueuedEvent,
    State.RUNNING: JobStartedEvent,
    State.DONE: JobDoneEvent,
    State.FAILED: JobFailedEvent,
    State.CANCELLED: JobCancelledEvent,
}
EVENT_TYPES: tuple[type[DomainEvent], ...] = (*EVENT_OF_STATE.values(), JobProgressEvent, QueuePaused, QueueResumed)


def job_event(event_type: type[JobEvent], job: Job, now: float) -> JobEvent:
    """Build an event from a job. `now` is used to estimate the remaining time of the job."""
    return event_type(**msgspec.structs.asdict(view_job(job, now)))
