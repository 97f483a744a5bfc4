"""Run jobs as a worker does, and create owners of jobs that have died."""

import subprocess
import sys
from pathlib import Path

from fakes.job_kinds import Function, done_by, kind_of

from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.leases import _start, this_process
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.runner import run_job, work_on

K = kind_of("k")


def run_in_process(jobs: Jobs, function: Function, job: Job) -> Job:
    return run_job(jobs, done_by(K, function), None, job.id, working_folder=Path("unused"))


def work_in_turn(jobs: Jobs, function: Function) -> list[float]:
    """Run the next job as a worker does. Return the pauses before the retries of the job."""
    pauses: list[float] = []
    job = jobs.claim_next("library", {"k"}, this_process())
    assert job is not None
    work_on(
        jobs, done_by(K, function), None, job, this_process(), working_folder=Path("unused"), on_retry=pauses.append
    )
    return pauses


def claim_all(jobs: Jobs, *, short_only: bool = False) -> list[Job]:
    claimed = []
    while job := jobs.claim_next("library", {"k", "short", "urgent"}, this_process(), short_only=short_only):
        claimed.append(job)
    return claimed


def dead_owner() -> str:
    """The lease name of a process on this machine that has already ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, boot, _pid, _started = this_process().rsplit("/", 3)
    owner = f"{host}/{boot}/{child.pid}/{_start(child.pid)}"
    child.communicate(b"\n")
    return owner
