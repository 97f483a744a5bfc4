"""The table of jobs: creates, claims, reports and ends jobs.

A process claims a job by compare-and-set. The lease names its owner (host, boot, process). If the owner is a process of
this machine, the lease ends when that process is dead. Otherwise the lease ends after a minute without a renewal. This
process measures the minute on its monotonic clock, because the time of day can jump. Each change of a job appends its event
in the same unit of work.
"""

import math
from collections.abc import Collection
from typing import Any

import msgspec

from appliance.errors import ApplianceError
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import NO_ID, Database, UnitOfWork
from appliance.infrastructure.events import append_event
from appliance.infrastructure.jobs import statements as sql
from appliance.infrastructure.jobs.delays import BACKOFF_LIMIT_S, pause_after_death, pause_after_failure
from appliance.infrastructure.jobs.events import (
    EVENT_OF_STATE,
    JobCancelledEvent,
    JobEvent,
    JobProgressEvent,
    JobQueuedEvent,
    JobStartedEvent,
    job_event,
)
from appliance.infrastructure.jobs.job import (
    Job,
    JobCancelled,
    JobNotFound,
    JobNotOver,
    LeaseLost,
    State,
    audience_of,
)
from appliance.infrastructure.jobs.kind import Arguments, JobKind
from appliance.infrastructure.jobs.leases import Heartbeats, is_of_this_machine, owner_is_dead
from appliance.infrastructure.jobs.statements import job_of

LEASE_S = 60.0
# If the worker died this often without progress of the job, the job itself is probably the cause.
MAX_DEATHS = 50


class WorkerDied(ApplianceError):
    """The worker of a job died too many times."""


class Jobs:
    """The jobs of one appliance. The audience `overseers` gets the events of all jobs."""

    def __init__(self, database: Database, *, overseers: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._database = database
        self._overseers = overseers
        self._clock = clock
        self._heartbeats = Heartbeats(clock)

    def create(self, kind: JobKind[Arguments, Any], arguments: Arguments, *, started_by: str = "") -> Job:
        """Create a job, or return the queued or running job with the same arguments. Raises the errors of `prepare`."""
        with self._database.write() as work:
            return self.create_within(work, kind, arguments, started_by=started_by)

    def create_within(
        self, work: UnitOfWork, kind: JobKind[Arguments, Any], arguments: Arguments, *, started_by: str = ""
    ) -> Job:
        """Create a job as `create` does, in the caller's unit of work. After the commit, the caller must wake the queue."""
        arguments = kind.prepare(arguments)
        encoded = msgspec.json.encode(arguments, order="sorted").decode()
        same = work.execute(sql.SELECT_SAME, (kind.name, encoded))
        if same:
            return job_of(same[0])
        row = {
            "kind": kind.name,
            "queue": kind.queue,
            "arguments": encoded,
            "title": kind.title_of(arguments),
            "short": kind.short,
            "priority": kind.priority,
            "started_by": started_by,
            "audience": audience_of(started_by, self._overseers),
            "now": self._clock.time(),
        }
        work.execute(sql.INSERT, row)
        return self._append_event(work, work.last_insert_id, JobQueuedEvent)

    def start_again(self, kind: JobKind[Any, Any], job_id: int, *, started_by: str) -> Job:
        """Create a job with the arguments of an earlier job. Raises JobNotFound or JobNotOver."""
        old = self.get(job_id)
        if old.active:
            raise JobNotOver(f"Job {job_id} has not ended.", remedy="Wait until it ends, or cancel it first.")
        return self.create(kind, msgspec.convert(old.arguments, kind.arguments), started_by=started_by)

    def get(self, job_id: int) -> Job:
        """Raises JobNotFound."""
        row = self._database.reader.row(sql.SELECT_ONE, (job_id,))
        if row is None:
            raise JobNotFound(f"There is no job {job_id}.", remedy="`lampstand jobs list` shows all jobs.")
        return job_of(row)

    def latest(self, limit: int = 50, *, before: int = NO_ID) -> list[Job]:
        """Return the newest jobs first. With `before`, return only jobs with a lower id."""
        return [job_of(row) for row in self._database.reader.rows(sql.SELECT_LATEST, (before, limit))]

    def active(self) -> list[Job]:
        """Return the queued and running jobs, oldest first."""
        return [job_of(row) for row in self._database.reader.rows(sql.SELECT_ACTIVE)]

    def last_of_kind(self, kind: str, *, before: float = math.inf) -> Job | None:
        """Return the newest job of a kind. With `before`, return the newest job that was created before that time."""
        row = self._database.reader.row(sql.SELECT_LAST_OF_KIND, (kind, before))
        return job_of(row) if row else None

    def claim(self, job_id: int, owner: str) -> Job | None:
        """Claim a queued job, or a job whose owner is dead. Returns None if the job cannot be claimed."""
        self._requeue_orphan(self.get(job_id))
        with self._database.write() as work:
            return self._claim(work, job_id, owner)

    def claim_next(self, queue: str, kinds: Collection[str], owner: str, *, short_only: bool = False) -> Job | None:
        """Claim the next job of a queue: first by priority, then fairly between people, then the oldest job."""
        choice = {
            "queue": queue,
            "kinds": msgspec.json.encode(sorted(kinds)).decode(),
            "short_only": short_only,
            **self._now(),
        }
        if not self._database.reader.rows(sql.CHOOSE, choice):
            return None
        with self._database.write() as work:
            chosen = work.execute(sql.CHOOSE, choice)
            return self._claim(work, chosen[0][0], owner) if chosen else None

    def report(self, job_id: int, owner: str, progress: float, message: str, *, log_event: bool = True) -> None:
        """Record progress and renew the lease. With `log_event`, append an event. Raises JobCancelled or LeaseLost."""
        with self._database.write() as work:
            row = {"id": job_id, "owner": owner, "progress": progress, "message": message}
            work.execute(sql.REPORT, row | {"lease": self._clock.time() + LEASE_S})
            if not work.changes:
                raise LeaseLost(f"Job {job_id} was taken over by another process.")
            job = (
                self._append_event(work, job_id, JobProgressEvent)
                if log_event
                else job_of(work.execute(sql.SELECT_ONE, (job_id,))[0])
            )
        if job.cancel_requested:
            raise JobCancelled("Cancelled.")

    def should_stop(self, job_id: int, owner: str) -> bool:
        """Return True if a user has cancelled the running job, or if another process has taken over the job."""
        return bool(self._database.reader.value(sql.SHOULD_STOP, (owner, job_id)))

    def renew(self, job_id: int, owner: str) -> None:
        """Renew a lease without a progress report."""
        with self._database.write() as work:
            work.execute(sql.RENEW, (self._clock.time() + LEASE_S, job_id, owner))

    def restart_clock(self, job_id: int, progress: float) -> None:
        """Estimate the remaining time only from now on: earlier steps were already done, or took a different time."""
        with self._database.write() as work:
            work.execute(sql.RESTART_CLOCK, (progress, self._clock.time(), job_id))

    def finish(self, job_id: int, owner: str, state: State, message: str, error: Exception | None = None) -> bool:
        """End a job. Does nothing and returns False if `owner` no longer has the lease."""
        with self._database.write() as work:
            row = {"id": job_id, "owner": owner, "state": state.value, "message": message, "now": self._clock.time()}
            error_row = {"error_class": type(error).__name__ if error else None, "error": _message_of(error)}
            work.execute(sql.FINISH, row | error_row)
            has_ended = work.changes > 0
            if has_ended:
                self._append_event(work, job_id, EVENT_OF_STATE[state])
        return has_ended

    def retry_later(self, job: Job, owner: str, error: Exception) -> float:
        """Requeue a job after a temporary failure. Return the seconds until the retry."""
        pause, now = pause_after_failure(job), self._clock.time()
        row = {"id": job.id, "owner": owner, "retry_at": now + pause, "now": now}
        with self._database.write() as work:
            work.execute(sql.RETRY, row | {"message": f"{error} Retrying in {pause:.0f} s."})
            if work.changes:
                self._append_state_event(work, job.id)
        return pause

    def cancel(self, job_id: int) -> Job:
        """Cancel a queued job, or request the cancellation of a running job. Raises JobNotFound."""
        self.get(job_id)
        with self._database.write() as work:
            work.execute(sql.CANCEL_QUEUED, (self._clock.time(), job_id))
            if work.changes:
                self._append_event(work, job_id, JobCancelledEvent)
            work.execute(sql.REQUEST_CANCEL, (job_id,))
            if work.changes:
                self._append_event(work, job_id, JobProgressEvent)
        return self.get(job_id)

    def due(self, kinds: Collection[str], *, within_s: float = 0.0) -> list[Job]:
        """Return the queued jobs of these kinds that can start now, or within `within_s` seconds.

        Before that, this function requeues jobs whose owner is dead.
        """
        active = self.active()
        self._heartbeats.keep({job.id for job in active})
        for job in active:
            if job.kind in kinds:
                self._requeue_orphan(job)
        queued_jobs = [job for job in self.active() if job.state is State.QUEUED and job.kind in kinds]
        return [job for job in queued_jobs if self.wait_s(job) <= within_s]

    def wait_s(self, job: Job) -> float:
        """Return the seconds until a queued job can start."""
        wait_s = (job.retry_at or 0.0) - self._clock.time()
        return wait_s if 0.0 < wait_s <= BACKOFF_LIMIT_S else 0.0

    def fail_orphans(self, kinds: Collection[str], message: str) -> None:
        """End the jobs of these kinds whose owner is dead, because no other process can continue these jobs."""
        for job in self.active():
            if job.kind in kinds and job.owner is not None and self._lease_has_ended(job):
                self.finish(job.id, job.owner, State.FAILED, "failed", ApplianceError(message))

    def release_others(self, owner: str, running_ids: Collection[int]) -> None:
        """Requeue the jobs that an owner has claimed but does not run. The end of these jobs could not be written."""
        for job in self.active():
            if job.owner == owner and job.id not in running_ids:
                self._release(job)

    def forget(self, before: float) -> int:
        """Delete the jobs that ended before a time. Return the number of deleted jobs."""
        with self._database.write() as work:
            work.execute(sql.FORGET, (before,))
            return work.changes

    def _requeue_orphan(self, job: Job) -> None:
        """Requeue a running job if its owner is dead. If the job's worker has died too many times, end the job instead."""
        if job.state is not State.RUNNING or job.owner is None or not self._lease_has_ended(job):
            return
        if job.deaths + 1 >= MAX_DEATHS and job.progress <= job.best_progress:
            error = WorkerDied(
                f"The worker of this job died {MAX_DEATHS} times in a row.",
                remedy="Look at the worker's log. Is there enough memory?",
            )
            self.finish(job.id, job.owner, State.FAILED, "failed", error)
            return
        self._release(job)

    def _release(self, job: Job) -> None:
        now = self._clock.time()
        with self._database.write() as work:
            row = {"id": job.id, "owner": job.owner, "retry_at": now + pause_after_death(job), "now": now}
            work.execute(sql.RELEASE, row)
            if work.changes:
                self._append_state_event(work, job.id)

    def _claim(self, work: UnitOfWork, job_id: int, owner: str) -> Job | None:
        now = self._now()
        work.execute(sql.CLAIM, {"id": job_id, "owner": owner, "lease": now["now"] + LEASE_S, **now})
        return self._append_event(work, job_id, JobStartedEvent) if work.changes else None

    def _append_event(self, work: UnitOfWork, job_id: int, event_type: type[JobEvent]) -> Job:
        """Append an event with a job's current state to the event log. Return the job."""
        job = job_of(work.execute(sql.SELECT_ONE, (job_id,))[0])
        now = self._clock.time()
        append_event(work, job_event(event_type, job, now), job.audience, now=now)
        return job

    def _append_state_event(self, work: UnitOfWork, job_id: int) -> Job:
        """Append the event for a job that was requeued, or that was cancelled instead of requeued."""
        state = State(work.execute(sql.SELECT_STATE, (job_id,))[0][0])
        return self._append_event(work, job_id, EVENT_OF_STATE[state])

    def _lease_has_ended(self, job: Job) -> bool:
        """Return True if the lease of a job has ended.

        A lease of this machine lasts while its owner lives. A lease of another machine lasts while the owner renews it.
        """
        if job.owner is None:
            return True
        if is_of_this_machine(job.owner):
            return owner_is_dead(job.owner)
        return self._heartbeats.silent_s(job.id, (job.owner, job.lease_until)) > LEASE_S

    def _now(self) -> dict[str, float]:
        """Return the current time, and the latest plausible time of a retry."""
        now = self._clock.time()
        return {"now": now, "latest": now + BACKOFF_LIMIT_S}


def _message_of(error: Exception | None) -> str | None:
    """Return the error message for users: a text of Lampstand, never a text of Python."""
    if error is None or isinstance(error, ApplianceError):
        return str(error) if error else None
    return "An unexpected error occurred. Details are in the worker's log."
