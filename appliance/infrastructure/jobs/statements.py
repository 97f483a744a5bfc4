"""The SQL statements of jobs, for appliance.db."""

import msgspec

from appliance.infrastructure.database import Row
from appliance.infrastructure.jobs.job import Job, State

COLUMNS = (
    "id, kind, queue, arguments, title, state, short, priority, started_by, audience, owner, lease_until, progress, "
    "start_progress, best_progress, message, attempts, failures, deaths, retry_at, cancel_requested, error_class, "
    "error, created_at, started_at, finished_at"
)
SELECT_ONE = f"SELECT {COLUMNS} FROM jobs WHERE id = ?"
SELECT_STATE = "SELECT state FROM jobs WHERE id = ?"
SELECT_LATEST = f"SELECT {COLUMNS} FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?"
SELECT_ACTIVE = f"SELECT {COLUMNS} FROM jobs WHERE state IN ('queued', 'running') ORDER BY id"
SELECT_SAME = (
    f"SELECT {COLUMNS} FROM jobs WHERE state IN ('queued', 'running') AND NOT cancel_requested "
    "AND kind = ? AND arguments = ?"
)
SELECT_LAST_OF_KIND = (
    f"SELECT {COLUMNS} FROM jobs WHERE kind = ? AND created_at <= ? ORDER BY created_at DESC, id DESC LIMIT 1"
)
INSERT = """
INSERT INTO jobs (kind, queue, arguments, title, short, priority, started_by, audience, state, message, created_at)
VALUES (:kind, :queue, :arguments, :title, :short, :priority, :started_by, :audience, 'queued', 'waiting', :now)
"""
CLAIM = """
UPDATE jobs SET state = 'running', owner = :owner, lease_until = :lease, attempts = attempts + 1, started_at = :now,
    start_progress = progress, retry_at = NULL, error = NULL, error_class = NULL
WHERE id = :id AND state = 'queued' AND (coalesce(retry_at, 0) <= :now OR retry_at > :latest)
"""
# Between people, the person with the fewest running jobs comes first, then the person whose last start was longest ago.
# A paused queue has no next job.
CHOOSE = """
WITH waiting AS MATERIALIZED (
    SELECT id, priority, started_by FROM jobs
    WHERE queue = :queue AND state = 'queued' AND (coalesce(retry_at, 0) <= :now OR retry_at > :latest)
        AND (short OR NOT :short_only) AND kind IN (SELECT value FROM json_each(:kinds))
        AND NOT EXISTS (SELECT 1 FROM queue_pauses WHERE queue = :queue AND coalesce(until, :now + 1) > :now)
),
people AS MATERIALIZED (
    SELECT started_by,
        (SELECT count(*) FROM jobs WHERE queue = :queue AND state = 'running' AND started_by = person.started_by) AS running,
        (SELECT max(started_at) FROM jobs WHERE queue = :queue AND started_by = person.started_by) AS served
    FROM (SELECT DISTINCT started_by FROM waiting) AS person
)
SELECT id FROM waiting JOIN people USING (started_by)
ORDER BY priority DESC, running, coalesce(served, 0), id LIMIT 1
"""
REPORT = """
UPDATE jobs SET progress = :progress, message = :message, lease_until = :lease,
    start_progress = min(coalesce(start_progress, :progress), :progress)
WHERE id = :id AND state = 'running' AND owner = :owner
"""
RESTART_CLOCK = "UPDATE jobs SET start_progress = ?, started_at = ? WHERE id = ?"
FINISH = """
UPDATE jobs SET state = :state, progress = CASE :state WHEN 'done' THEN 1 ELSE progress END, message = :message,
    error_class = :error_class, error = :error, finished_at = :now, owner = NULL, lease_until = NULL
WHERE id = :id AND state = 'running' AND owner = :owner
"""
RETRY = """
UPDATE jobs SET state = iif(cancel_requested, 'cancelled', 'queued'), finished_at = iif(cancel_requested, :now, NULL),
    retry_at = :retry_at, message = iif(cancel_requested, 'cancelled', :message), failures = failures + 1, owner = NULL,
    lease_until = NULL
WHERE id = :id AND state = 'running' AND owner = :owner
"""
RELEASE = """
UPDATE jobs SET state = iif(cancel_requested, 'cancelled', 'queued'), finished_at = iif(cancel_requested, :now, NULL),
    owner = NULL, lease_until = NULL, message = iif(cancel_requested, 'cancelled', 'waiting to continue'), retry_at = :retry_at,
    deaths = CASE WHEN progress > best_progress THEN 1 ELSE deaths + 1 END, best_progress = max(progress, best_progress)
WHERE id = :id AND owner = :owner
"""
RENEW = "UPDATE jobs SET lease_until = ? WHERE id = ? AND owner = ? AND state = 'running'"
SHOULD_STOP = "SELECT cancel_requested OR owner IS NOT ? FROM jobs WHERE id = ?"
REQUEST_CANCEL = "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state = 'running'"
CANCEL_QUEUED = (
    "UPDATE jobs SET state = 'cancelled', message = 'cancelled', finished_at = ? WHERE id = ? AND state = 'queued'"
)
FORGET = "DELETE FROM jobs WHERE finished_at < ?"
COUNT_BY_QUEUE = "SELECT queue, state, count(*) FROM jobs WHERE state IN ('queued', 'running') GROUP BY queue, state"

PAUSE = """
INSERT INTO queue_pauses (queue, paused_by, reason, paused_at, until) VALUES (:queue, :paused_by, :reason, :now, :until)
ON CONFLICT (queue) DO UPDATE SET paused_by = :paused_by, reason = :reason, paused_at = :now, until = :until
"""
RESUME = "DELETE FROM queue_pauses WHERE queue = ?"
SELECT_PAUSES = (
    "SELECT queue, paused_by, reason, paused_at, until FROM queue_pauses WHERE coalesce(until, :now + 1) > :now"
)


def job_of(row: Row) -> Job:
    """Build a job from a row that has the columns of COLUMNS."""
    values = dict(zip(Job.__struct_fields__, row, strict=True))
    values["arguments"] = msgspec.json.decode(values["arguments"])
    values["state"] = State(values["state"])
    values["cancel_requested"], values["short"] = bool(values["cancel_requested"]), bool(values["short"])
    return Job(**values)
