"""What a job is: its row, its state, what people see of it, and how it can go wrong."""

from enum import StrEnum
from typing import Any

import msgspec

from appliance.errors import Conflict, NotFound, Unavailable
from appliance.infrastructure.events import EVERYONE


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job. Times are seconds since the epoch; `progress` runs from 0 to 1.

    `started_by` names a person as audiences do, and is empty where the machine itself began it; `audience` says who
    hears of it. `attempts` counts how often it was begun, `failures` how often it failed for a passing reason,
    `deaths` how often in a row its worker died at it without having come further than ever before.
    """

    id: int
    kind: str
    queue: str
    arguments: dict[str, Any]
    title: str
    state: State
    short: bool
    priority: int
    started_by: str
    audience: str
    owner: str | None
    lease_until: float | None
    progress: float
    start_progress: float | None
    best_progress: float
    message: str
    attempts: int
    failures: int
    deaths: int
    retry_at: float | None
    cancel_requested: bool
    error_class: str | None
    error: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None

    @property
    def active(self) -> bool:
        return self.state in (State.QUEUED, State.RUNNING)

    def seconds_left(self, now: float) -> float | None:
        """An estimate from the pace of this run, or None where there is nothing to go by."""
        if self.state is not State.RUNNING or self.started_at is None:
            return None
        done_in_this_run = self.progress - (self.start_progress or 0.0)
        elapsed = now - self.started_at
        if done_in_this_run <= 0.005 or elapsed < 1.0:
            return None
        return elapsed / done_in_this_run * (1.0 - self.progress)


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as people see it; `seconds_left` is an estimate or null, `started_by` empty for the machine itself."""

    id: int
    kind: str
    queue: str
    title: str
    state: State
    progress: float
    message: str
    seconds_left: float | None
    error: str | None
    attempts: int
    cancel_requested: bool
    started_by: str
    created_at: float
    started_at: float | None
    finished_at: float | None


class JobNotFound(NotFound):
    """No job has this number."""


class JobRunningElsewhere(Conflict):
    """Another process holds the job's lease."""


class JobCancelled(Conflict):
    """A person asked for the job to stop."""


class JobNotOver(Conflict):
    """A job that waits or runs cannot be begun anew."""


class JobProcessDied(Unavailable):
    """The process of a heavy job ended without a result."""


class LeaseLost(Conflict):
    """The job was taken over by another process while this one was silent."""


def view_job(job: Job, now: float) -> JobView:
    left = job.seconds_left(now)
    return JobView(
        id=job.id,
        kind=job.kind,
        queue=job.queue,
        title=job.title,
        state=job.state,
        progress=round(job.progress, 4),
        message=job.message,
        seconds_left=round(left, 1) if left is not None else None,
        error=job.error,
        attempts=job.attempts,
        cancel_requested=job.cancel_requested,
        started_by=job.started_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def audience_of(started_by: str, overseers: str) -> str:
    """Who hears of a job: everyone of the machine's own work, else who began it and who oversees the house."""
    return f"{started_by} {overseers}" if started_by else EVERYONE
