"""Running a claimed job to its end."""

import sys
from pathlib import Path

import psutil
import pytest
from fakes.job_kinds import Labelled, done_by
from fakes.working import K, dead_owner, run_in_process, work_in_turn

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import JobCancelled, State
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.runner import run_job
from server.bootstrap import Appliance


def test_a_job_runs_to_its_end(jobs: Jobs) -> None:
    def work(context: JobContext, arguments: Labelled) -> str:
        context.report(0.5, f"half of {arguments.label}", now=True)
        return "all of it"

    job = jobs.create(K, Labelled(label="it"))
    done = run_in_process(jobs, work, job)

    assert (State.DONE, 1.0, "all of it", 1, None) == (
        done.state,
        done.progress,
        done.message,
        done.attempts,
        done.owner,
    )


def test_a_temporary_failure_is_retried_later(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments: Labelled) -> str:
        raise Unavailable("The model runtime is not running.")

    job = jobs.create(K, Labelled())
    pauses = work_in_turn(jobs, fail)
    waiting = jobs.get(job.id)

    assert State.QUEUED == waiting.state
    assert 2.5 <= pauses[0] <= 5.0
    assert waiting.retry_at is not None
    assert "The model runtime is not running." in waiting.message
    assert [] == jobs.due({"k"})
    assert jobs.claim(job.id, this_process()) is None


def test_a_permanent_failure_is_recorded_with_its_message(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments: Labelled) -> str:
        raise Refused("The file is not a Bible.", remedy="Choose another file.")

    job = jobs.create(K, Labelled())
    with pytest.raises(Refused):
        work_in_turn(jobs, fail)

    failed = jobs.get(job.id)
    assert (State.FAILED, "Refused", "The file is not a Bible. Choose another file.") == (
        failed.state,
        failed.error_class,
        failed.error,
    )


def test_cancelling_reaches_a_running_job_at_its_next_report(jobs: Jobs) -> None:
    def work(context: JobContext, _arguments: Labelled) -> str:
        jobs.cancel(job.id)
        context.report(0.1, "on", now=True)
        return "not reached"

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        work_in_turn(jobs, work)

    assert State.CANCELLED == jobs.get(job.id).state


def test_cancelling_ends_the_programs_of_a_job(jobs: Jobs, tmp_path: Path) -> None:
    def cancel(_line: str) -> None:
        jobs.cancel(job.id)

    def work(context: JobContext, _arguments: Labelled) -> str:
        script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); print('on', flush=True); time.sleep(60)"
        context.run_program([sys.executable, "-c", script], timeout_s=60, on_line=cancel)
        return "not reached"

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        work_in_turn(jobs, work)

    assert State.CANCELLED == jobs.get(job.id).state
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_the_folder_of_a_cancelled_job_is_deleted(jobs: Jobs, tmp_path: Path) -> None:
    def work(context: JobContext, _arguments: Labelled) -> str:
        (context.folder / "half.mp3").write_text("half")
        raise JobCancelled("Cancelled.")

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        run_job(jobs, done_by(K, work), None, job.id, working_folder=tmp_path / "working_folder")

    assert [] == list((tmp_path / "working_folder").iterdir())


def test_a_cancelled_job_is_not_retried(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments: Labelled) -> str:
        jobs.cancel(job.id)
        raise Unavailable("The model runtime is not running.")

    job = jobs.create(K, Labelled())
    work_in_turn(jobs, fail)
    died = jobs.create(K, Labelled(label="a 1"))
    jobs.claim(died.id, dead_owner())
    jobs.cancel(died.id)
    jobs.due({"k"})

    assert [State.CANCELLED] * 2 == [jobs.get(job_id).state for job_id in (job.id, died.id)]


def test_a_process_that_lost_a_job_does_not_delete_its_folder(appliance: Appliance, jobs: Jobs, tmp_path: Path) -> None:
    def work(context: JobContext, _arguments: Labelled) -> str:
        (context.folder / "half").write_text("half")
        with appliance.appliance_db.write() as unit:
            unit.execute("UPDATE jobs SET owner = 'elsewhere/boot/1/0.00' WHERE id = ?", (job.id,))
        return "done"

    job = jobs.create(K, Labelled())
    run_job(jobs, done_by(K, work), None, job.id, working_folder=tmp_path / "working_folder")

    assert State.RUNNING == jobs.get(job.id).state
    assert (tmp_path / "working_folder" / f"job-{job.id}" / "half").exists()
