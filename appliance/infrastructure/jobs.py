"""Jobs: every long thing is a row here; a queue carries only its id.

A job is claimed by compare-and-set under a lease that names its owner (host, boot, process). A lease whose owner is
dead on this machine is taken back at once; others when they expire. Work is expected to be idempotent and to resume.
"""

import time
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from appliance.errors import ApplianceError, Conflict, NotFound
from appliance.infrastructure.database import Database, Row, UnitOfWork
from appliance.infrastructure.leases import is_of_this_machine, owner_is_dead

LEASE_S = 60.0
BACKOFF_S = 5.0
BACKOFF_LIMIT_S = 300.0

CREATE_JOBS = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    arguments TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    owner TEXT,
    lease_until REAL,
    progress REAL NOT NULL DEFAULT 0,
    start_progress REAL,
    message TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at REAL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    error_class TEXT,
    error TEXT,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL
)
"""
CREATE_ACTIVE_INDEX = "CREATE INDEX jobs_active ON jobs (kind) WHERE state IN ('queued', 'running')"

COLUMNS = (
    "id, kind, queue, arguments, title, state, owner, lease_until, progress, start_progress, message, attempts, "
    "retry_at, cancel_requested, error_class, error, created_at, started_at, finished_at"
)
SELECT_ONE = f"SELECT {COLUMNS} FROM jobs WHERE id = ?"
SELECT_ALL = f"SELECT {COLUMNS} FROM jobs ORDER BY id DESC LIMIT ?"
SELECT_ACTIVE = f"SELECT {COLUMNS} FROM jobs WHERE state IN ('queued', 'running') ORDER BY id"
SELECT_SAME = f"SELECT {COLUMNS} FROM jobs WHERE state IN ('queued', 'running') AND kind = ? AND arguments = ?"
INSERT = (
    "INSERT INTO jobs (kind, queue, arguments, title, state, message, created_at) VALUES (?, ?, ?, ?, 'queued', ?, ?)"
)
CLAIM = """
UPDATE jobs SET state = 'running', owner = :owner, lease_until = :lease, attempts = attempts + 1, started_at = :now,
    start_progress = progress, retry_at = NULL, error = NULL, error_class = NULL
WHERE id = :id AND ((state = 'queued' AND coalesce(retry_at, 0) <= :now) OR (state = 'running' AND owner = :seen_owner AND lease_until = :seen_lease))
"""
REPORT = """
UPDATE jobs SET progress = :progress, message = :message, lease_until = :lease,
    start_progress = COALESCE(start_progress, :progress)
WHERE id = :id AND state = 'running' AND owner = :owner RETURNING cancel_requested
"""
RESTART_CLOCK = "UPDATE jobs SET start_progress = ?, started_at = ? WHERE id = ?"
FINISH = """
UPDATE jobs SET state = :state, progress = CASE :state WHEN 'done' THEN 1 ELSE progress END, message = :message,
    error_class = :error_class, error = :error, finished_at = :now, owner = NULL, lease_until = NULL
WHERE id = :id AND state = 'running' AND owner = :owner
"""
RETRY = """
UPDATE jobs SET state = 'queued', retry_at = :retry_at, message = :message, owner = NULL, lease_until = NULL
WHERE id = :id AND state = 'running' AND owner = :owner
"""
RELEASE = "UPDATE jobs SET state = 'queued', owner = NULL, lease_until = NULL WHERE id = ? AND owner = ?"
RENEW = "UPDATE jobs SET lease_until = ? WHERE id = ? AND owner = ? AND state = 'running'"
REQUEST_CANCEL = "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state = 'running'"
CANCEL_QUEUED = "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE id = ? AND state = 'queued'"


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job. Times are seconds since the epoch; `progress` runs from 0 to 1."""

    id: int
    kind: str
    queue: str
    arguments: dict[str, Any]
    title: str
    state: State
    owner: str | None
    lease_until: float | None
    progress: float
    start_progress: float | None
    message: str
    attempts: int
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


class JobNotFound(NotFound):
    """No job has this number."""


class JobRunningElsewhere(Conflict):
    """Another process holds the job's lease."""


class JobCancelled(Conflict):
    """A person asked for the job to stop."""


class LeaseLost(Conflict):
    """The job was taken over by another process while this one was silent."""


def m001_jobs(work: UnitOfWork) -> None:
    work.execute(CREATE_JOBS)
    work.execute(CREATE_ACTIVE_INDEX)


class Jobs:
    """The jobs of one appliance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, *, kind: str, title: str, arguments: Mapping[str, Any] | None = None, queue: str = "library"
    ) -> Job:
        """A new job, or the one that is already waiting or running for the same thing."""
        encoded = msgspec.json.encode(dict(arguments or {}), order="sorted").decode()
        with self._database.write() as work:
            same = work.execute(SELECT_SAME, (kind, encoded))
            if same:
                return _job(same[0])
            work.execute(INSERT, (kind, queue, encoded, title, "waiting", time.time()))
            created = _job(work.execute(SELECT_ONE, (work.last_insert_id,))[0])
            work.commit()
        return created

    def get(self, job_id: int) -> Job:
        row = self._database.reader.row(SELECT_ONE, (job_id,))
        if row is None:
            raise JobNotFound(f"There is no job {job_id}.", remedy="`lampstand jobs list` shows those there are.")
        return _job(row)

    def latest(self, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        return [_job(row) for row in self._database.reader.rows(SELECT_ALL, (limit,))]

    def active(self) -> list[Job]:
        """Jobs that wait or run, oldest first."""
        return [_job(row) for row in self._database.reader.rows(SELECT_ACTIVE)]

    def claim(self, job_id: int, owner: str) -> Job | None:
        """Take a job that waits, or whose owner is gone. None where it is not to be had."""
        job = self.get(job_id)
        now = time.time()
        if job.state is State.RUNNING and not _lease_is_over(job, now):
            return None
        if not job.active:
            return None
        with self._database.write() as work:
            work.execute(
                CLAIM,
                {
                    "id": job_id,
                    "owner": owner,
                    "lease": now + LEASE_S,
                    "now": now,
                    "seen_owner": job.owner,
                    "seen_lease": job.lease_until,
                },
            )
            claimed = work.changes == 1
            work.commit()
        return self.get(job_id) if claimed else None

    def report(self, job_id: int, owner: str, progress: float, message: str) -> None:
        """Record progress and extend the lease. Raises JobCancelled or LeaseLost."""
        with self._database.write() as work:
            rows = work.execute(
                REPORT,
                {
                    "id": job_id,
                    "owner": owner,
                    "progress": progress,
                    "message": message,
                    "lease": time.time() + LEASE_S,
                },
            )
            work.commit()
        if not rows:
            raise LeaseLost(f"Job {job_id} was taken over by another process.")
        if rows[0][0]:
            raise JobCancelled("Cancelled.")

    def renew(self, job_id: int, owner: str) -> None:
        """Extend a lease without a word of progress."""
        with self._database.write() as work:
            work.execute(RENEW, (time.time() + LEASE_S, job_id, owner))
            work.commit()

    def restart_clock(self, job_id: int, progress: float) -> None:
        """Estimate the time left from here on: earlier work was found done, or was of another kind."""
        with self._database.write() as work:
            work.execute(RESTART_CLOCK, (progress, time.time(), job_id))
            work.commit()

    def finish(self, job_id: int, owner: str, state: State, message: str, error: Exception | None = None) -> None:
        with self._database.write() as work:
            work.execute(
                FINISH,
                {
                    "id": job_id,
                    "owner": owner,
                    "state": state.value,
                    "message": message,
                    "now": time.time(),
                    "error_class": type(error).__name__ if error else None,
                    "error": str(error) if error else None,
                },
            )
            work.commit()

    def retry_later(self, job: Job, owner: str, error: Exception) -> None:
        """Put a job back that failed for a passing reason, to be tried after a growing pause."""
        pause = min(BACKOFF_S * 2 ** (job.attempts - 1), BACKOFF_LIMIT_S)
        with self._database.write() as work:
            work.execute(
                RETRY,
                {
                    "id": job.id,
                    "owner": owner,
                    "retry_at": time.time() + pause,
                    "message": f"{error} Trying again in {pause:.0f} s.",
                },
            )
            work.commit()

    def cancel(self, job_id: int) -> Job:
        """Ask a running job to stop, or drop a waiting one."""
        with self._database.write() as work:
            work.execute(CANCEL_QUEUED, (time.time(), job_id))
            work.execute(REQUEST_CANCEL, (job_id,))
            work.commit()
        return self.get(job_id)

    def due(self, kinds: Collection[str]) -> list[Job]:
        """Jobs of these kinds that nobody works on and that may start now; leases of the dead are taken back on the way."""
        now = time.time()
        for job in self.active():
            if job.kind not in kinds:
                continue
            if job.state is State.RUNNING and _lease_is_over(job, now):
                with self._database.write() as work:
                    work.execute(RELEASE, (job.id, job.owner))
                    work.commit()
        waiting = [job for job in self.active() if job.state is State.QUEUED and job.kind in kinds]
        return [job for job in waiting if (job.retry_at or 0) <= now]

    def fail_orphans(self, kinds: Collection[str], sentence: str) -> None:
        """End the jobs of other kinds than these whose owner died: nobody can go on with them."""
        now = time.time()
        for job in self.active():
            if job.kind not in kinds and job.owner is not None and _lease_is_over(job, now):
                self.finish(job.id, job.owner, State.FAILED, "failed", ApplianceError(sentence))


def _lease_is_over(job: Job, now: float) -> bool:
    """An owner on this machine holds its lease while it lives, however long it is silent; a distant one until it expires."""
    if job.owner is None:
        return True
    return owner_is_dead(job.owner) if is_of_this_machine(job.owner) else (job.lease_until or 0) < now


def _job(row: Row) -> Job:
    values = dict(zip(Job.__struct_fields__, row, strict=True))
    values["arguments"] = msgspec.json.decode(values["arguments"])
    values["state"] = State(values["state"])
    values["cancel_requested"] = bool(values["cancel_requested"])
    return Job(**values)
