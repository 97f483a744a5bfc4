"""A job: its row, its states, the view that users see, and its errors."""

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
    """One job. Times are seconds since the epoch; `progress` is from 0 to 1.

    `started_by` is the audience name of a person, or empty if Lampstand itself started the job. `audience` says who gets
    the job's events. `attempts` counts the starts of the job, and `failures` its temporary failures. `deaths` counts how
    often in a row the worker died before the job made more progress than in all earlier attempts.
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
        """Estimate the remaining time from the speed of this run. Returns None if there is not enough progress yet."""
        if self.state is not State.RUNNING or self.started_at is None:
            return None
        done_in_this_run = self.progress - (self.start_progress or 0.0)
        elapsed = now - self.started_at
        if done_in_this_run <= 0.005 or elapsed < 1.0:
            return None
        return elapsed / done_in_this_run * (1.0 - self.progress)


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as users see it. `seconds_left` is an estimate or null. `started_by` is empty if Lampstand started the job."""

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
    """No job has this id."""


class JobRunningElsewhere(Conflict):
    """Another process has the job's lease."""


class JobCancelled(Conflict):
    """A user cancelled the job."""


class JobNotOver(Conflict):
    """A job that is queued or running cannot be started again."""


class JobProcessDied(Unavailable):
    """The process of a heavy job ended without a result."""


class LeaseLost(Conflict):
    """Another process took over the job, because this process did not renew the lease."""


def view_job(job: Job, now: float) -> JobView:
    seconds_left = job.seconds_left(now)
    return JobView(
        id=job.id,
        kind=job.kind,
        queue=job.queue,
        title=job.title,
        state=job.state,
        progress=round(job.progress, 4),
        message=job.message,
        seconds_left=round(seconds_left, 1) if seconds_left is not None else None,
        error=job.error,
        attempts=job.attempts,
        cancel_requested=job.cancel_requested,
        started_by=job.started_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def audience_of(started_by: str, overseers: str) -> str:
    """Return the audience of a job: everyone if Lampstand itself started it, otherwise its person and `overseers`."""
    return f"{started_by} {overseers}" if started_by else EVERYONE
