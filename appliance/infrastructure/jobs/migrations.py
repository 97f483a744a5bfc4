"""The tables of jobs, in appliance.db."""

from appliance.infrastructure.database import UnitOfWork

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
ADD_SHARING = """
ALTER TABLE jobs ADD COLUMN short INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN audience TEXT NOT NULL DEFAULT 'everyone';
ALTER TABLE jobs ADD COLUMN best_progress REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_active;
CREATE INDEX jobs_active ON jobs (queue, kind) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_served ON jobs (queue, started_by, started_at);
CREATE INDEX jobs_of_kind ON jobs (kind, created_at);
CREATE TABLE queue_pauses (
    queue TEXT PRIMARY KEY, paused_by TEXT NOT NULL, reason TEXT NOT NULL, paused_at REAL NOT NULL, until REAL
) WITHOUT ROWID
"""
# The first name of the job kind `download` was `pull`.
RENAME_DOWNLOADS = "UPDATE jobs SET kind = 'download' WHERE kind = 'pull'"


def m001_jobs(work: UnitOfWork) -> None:
    work.execute(CREATE_JOBS)
    work.execute(CREATE_ACTIVE_INDEX)


def m004_shared_queues(work: UnitOfWork) -> None:
    work.execute_script(ADD_SHARING)


def m009_download_jobs(work: UnitOfWork) -> None:
    work.execute(RENAME_DOWNLOADS)
