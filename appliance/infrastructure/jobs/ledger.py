"""The jobs of an appliance: made, claimed, told of, ended.

A job is claimed by compare-and-set under a lease that names its owner (host, boot, process). A lease ends at once when
its owner is dead on this machine, and otherwise when it was not renewed for a minute, as measured here: the time of day
decides nothing, since it can jump. Each change appends its event in the same unit of work.
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
# A job at which its worker dies so often, without coming further, is what kills it.
MAX_DEATHS = 50


class WorkerDied(ApplianceError):
    """The process that worked on a job died at it, again and again."""


def m001_jobs(work: UnitOfWork) -> None:
    work.execute(sql.CREATE_JOBS)
    work.execute(sql.CREATE_ACTIVE_INDEX)


def m004_shared_queues(work: UnitOfWork) -> None:
    work.execute_script(sql.ADD_SHARING)


class Jobs:
    """The jobs of one appliance. `overseers` is the audience that gets the events of everyone's jobs."""

    def __init__(self, database: Database, *, overseers: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._database = database
        self._overseers = overseers
        self._clock = clock
        self._heartbeats = Heartbeats(clock)

    def create(self, kind: JobKind[Arguments, Any], arguments: Arguments, *, started_by: str = "") -> Job:
        """A new job, or the one that is already waiting or running for the same thing. Raises as the kind's `prepare`."""
        with self._database.write() as work:
            return self.create_within(work, kind, arguments, started_by=started_by)

    def create_within(
        self, work: UnitOfWork, kind: JobKind[Arguments, Any], arguments: Arguments, *, started_by: str = ""
    ) -> Job:
        """As `create`, in a unit of work of the caller's; once it is committed, the job's queue is to be woken."""
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
        return self._told(work, work.last_insert_id, JobQueuedEvent)

    def start_again(self, kind: JobKind[Any, Any], job_id: int, *, started_by: str) -> Job:
        """A new job for what an older one did not achieve. Raises JobNotFound or JobNotOver."""
        old = self.get(job_id)
        if old.active:
            raise JobNotOver(f"Job {job_id} is not over.", remedy="Wait for it, or cancel it first.")
        return self.create(kind, msgspec.convert(old.arguments, kind.arguments), started_by=started_by)

    def get(self, job_id: int) -> Job:
        """Raises JobNotFound."""
        row = self._database.reader.row(sql.SELECT_ONE, (job_id,))
        if row is None:
            raise JobNotFound(f"There is no job {job_id}.", remedy="`lampstand jobs list` shows those there are.")
        return job_of(row)

    def latest(self, limit: int = 50, *, before: int = NO_ID) -> list[Job]:
        """The newest jobs first; those older than the job `before`, where it is given."""
        return [job_of(row) for row in self._database.reader.rows(sql.SELECT_LATEST, (before, limit))]

    def active(self) -> list[Job]:
        """Jobs that wait or run, oldest first."""
        return [job_of(row) for row in self._database.reader.rows(sql.SELECT_ACTIVE)]

    def last_of_kind(self, kind: str, *, before: float = math.inf) -> Job | None:
        """The job of a kind that was made last, before a time where one is given."""
        row = self._database.reader.row(sql.SELECT_LAST_OF_KIND, (kind, before))
        return job_of(row) if row else None

    def claim(self, job_id: int, owner: str) -> Job | None:
        """Take a job that waits, or whose owner is gone. None where it is not to be had."""
        self._take_back(self.get(job_id))
        with self._database.write() as work:
            return self._claim(work, job_id, owner)

    def claim_next(self, queue: str, kinds: Collection[str], owner: str, *, short_only: bool = False) -> Job | None:
        """Take the job of a queue whose turn it is: by priority, then fairly among people, then the oldest."""
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

    def report(self, job_id: int, owner: str, progress: float, message: str, *, tell: bool = True) -> None:
        """Record progress and extend the lease; with `tell`, in the event log too. Raises JobCancelled or LeaseLost."""
        with self._database.write() as work:
            row = {"id": job_id, "owner": owner, "progress": progress, "message": message}
            work.execute(sql.REPORT, row | {"lease": self._clock.time() + LEASE_S})
            if not work.changes:
                raise LeaseLost(f"Job {job_id} was taken over by another process.")
            job = (
                self._told(work, job_id, JobProgressEvent)
                if tell
                else job_of(work.execute(sql.SELECT_ONE, (job_id,))[0])
            )
        if job.cancel_requested:
            raise JobCancelled("Cancelled.")

    def is_unwanted(self, job_id: int, owner: str) -> bool:
        """True where a person asked a running job to stop, or another process took it over."""
        return bool(self._database.reader.value(sql.IS_UNWANTED, (owner, job_id)))

    def renew(self, job_id: int, owner: str) -> None:
        """Extend a lease without a word of progress."""
        with self._database.write() as work:
            work.execute(sql.RENEW, (self._clock.time() + LEASE_S, job_id, owner))

    def restart_clock(self, job_id: int, progress: float) -> None:
        """Estimate the time left from here on: earlier work was found done, or was of another kind."""
        with self._database.write() as work:
            work.execute(sql.RESTART_CLOCK, (progress, self._clock.time(), job_id))

    def finish(self, job_id: int, owner: str, state: State, message: str, error: Exception | None = None) -> bool:
        """End a job; nothing happens, and False is returned, where `owner` has lost it."""
        with self._database.write() as work:
            row = {"id": job_id, "owner": owner, "state": state.value, "message": message, "now": self._clock.time()}
            why = {"error_class": type(error).__name__ if error else None, "error": _sentence_of(error)}
            work.execute(sql.FINISH, row | why)
            ended = work.changes > 0
            if ended:
                self._told(work, job_id, EVENT_OF_STATE[state])
        return ended

    def retry_later(self, job: Job, owner: str, error: Exception) -> float:
        """Put a job back that failed for a passing reason; the seconds until it is tried again."""
        pause, now = pause_after_failure(job), self._clock.time()
        row = {"id": job.id, "owner": owner, "retry_at": now + pause, "now": now}
        with self._database.write() as work:
            work.execute(sql.RETRY, row | {"message": f"{error} Trying again in {pause:.0f} s."})
            if work.changes:
                self._told_of_state(work, job.id)
        return pause

    def cancel(self, job_id: int) -> Job:
        """Ask a running job to stop, or drop a waiting one. Raises JobNotFound."""
        self.get(job_id)
        with self._database.write() as work:
            work.execute(sql.CANCEL_QUEUED, (self._clock.time(), job_id))
            if work.changes:
                self._told(work, job_id, JobCancelledEvent)
            work.execute(sql.REQUEST_CANCEL, (job_id,))
            if work.changes:
                self._told(work, job_id, JobProgressEvent)
        return self.get(job_id)

    def due(self, kinds: Collection[str], *, within_s: float = 0.0) -> list[Job]:
        """Jobs of these kinds that nobody works on and that may start now, or within some seconds.

        Leases of the dead are taken back on the way.
        """
        active = self.active()
        self._heartbeats.keep({job.id for job in active})
        for job in active:
            if job.kind in kinds:
                self._take_back(job)
        waiting = [job for job in self.active() if job.state is State.QUEUED and job.kind in kinds]
        return [job for job in waiting if self.wait_s(job) <= within_s]

    def wait_s(self, job: Job) -> float:
        """Seconds until a waiting job can start."""
        wait_s = (job.retry_at or 0.0) - self._clock.time()
        return wait_s if 0.0 < wait_s <= BACKOFF_LIMIT_S else 0.0

    def fail_orphans(self, kinds: Collection[str], sentence: str) -> None:
        """End the jobs of these kinds whose owner died: nobody can go on with them."""
        for job in self.active():
            if job.kind in kinds and job.owner is not None and self._lease_is_over(job):
                self.finish(job.id, job.owner, State.FAILED, "failed", ApplianceError(sentence))

    def release_others(self, owner: str, in_hand: Collection[int]) -> None:
        """Let those jobs wait again that an owner holds without working on them: their end could not be written."""
        for job in self.active():
            if job.owner == owner and job.id not in in_hand:
                self._release(job)

    def forget(self, before: float) -> int:
        """Drop the jobs that were over before a time; how many those were."""
        with self._database.write() as work:
            work.execute(sql.FORGET, (before,))
            return work.changes

    def _take_back(self, job: Job) -> None:
        """Let a job wait again whose owner is gone, unless its worker dies at it each time."""
        if job.state is not State.RUNNING or job.owner is None or not self._lease_is_over(job):
            return
        if job.deaths + 1 >= MAX_DEATHS and job.progress <= job.best_progress:
            died = WorkerDied(
                f"Its worker died {MAX_DEATHS} times in a row at this work.",
                remedy="The log of the worker says more; is there enough memory?",
            )
            self.finish(job.id, job.owner, State.FAILED, "failed", died)
            return
        self._release(job)

    def _release(self, job: Job) -> None:
        now = self._clock.time()
        with self._database.write() as work:
            row = {"id": job.id, "owner": job.owner, "retry_at": now + pause_after_death(job), "now": now}
            work.execute(sql.RELEASE, row)
            if work.changes:
                self._told_of_state(work, job.id)

    def _claim(self, work: UnitOfWork, job_id: int, owner: str) -> Job | None:
        now = self._now()
        work.execute(sql.CLAIM, {"id": job_id, "owner": owner, "lease": now["now"] + LEASE_S, **now})
        return self._told(work, job_id, JobStartedEvent) if work.changes else None

    def _told(self, work: UnitOfWork, job_id: int, event_type: type[JobEvent]) -> Job:
        """The job as it is now, said in the event log."""
        job = job_of(work.execute(sql.SELECT_ONE, (job_id,))[0])
        now = self._clock.time()
        append_event(work, job_event(event_type, job, now), job.audience, now=now)
        return job

    def _told_of_state(self, work: UnitOfWork, job_id: int) -> Job:
        """As `_told`, of a job that waits again, or was cancelled on the way there."""
        state = State(work.execute(sql.SELECT_STATE, (job_id,))[0][0])
        return self._told(work, job_id, EVENT_OF_STATE[state])

    def _lease_is_over(self, job: Job) -> bool:
        """An owner on this machine holds its lease while it lives; a distant one while it renews the lease."""
        if job.owner is None:
            return True
        if is_of_this_machine(job.owner):
            return owner_is_dead(job.owner)
        return self._heartbeats.silent_s(job.id, (job.owner, job.lease_until)) > LEASE_S

    def _now(self) -> dict[str, float]:
        """The moment, and the last one at which a job may be told to be tried again."""
        now = self._clock.time()
        return {"now": now, "latest": now + BACKOFF_LIMIT_S}


def _sentence_of(error: Exception | None) -> str | None:
    """What people are told of an error: our own sentences, never the words of the interpreter."""
    if error is None or isinstance(error, ApplianceError):
        return str(error) if error else None
    return "Something failed that should not have. The log of the worker holds the details."
