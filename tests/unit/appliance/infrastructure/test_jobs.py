"""Jobs: claim, lease, progress, retry, cancel."""

import os
import subprocess
import sys

import psutil
import pytest

from appliance.errors import Refused, Unavailable
from appliance.infrastructure import jobs as jobs_module
from appliance.infrastructure.job_runner import JobContext, run_job
from appliance.infrastructure.jobs import JobCancelled, JobNotFound, JobRunningElsewhere, Jobs, State
from appliance.infrastructure.leases import owner_is_dead, this_process
from server.bootstrap import Appliance


@pytest.fixture
def jobs(appliance: Appliance) -> Jobs:
    return appliance.jobs


def dead_owner() -> str:
    """The lease name of a process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, boot, _pid, _started = this_process().rsplit("/", 3)
    owner = f"{host}/{boot}/{child.pid}/{psutil.Process(child.pid).create_time():.2f}"
    child.communicate(b"\n")
    return owner


def test_a_job_runs_to_its_end(jobs: Jobs) -> None:
    def work(context: JobContext, arguments) -> str:
        context.report(0.5, f"half of {arguments['what']}", now=True)
        return "all of it"

    job = jobs.create(kind="k", title="T", arguments={"what": "it"})
    done = run_job(jobs, {"k": work}, job.id, retry=False)

    assert (State.DONE, 1.0, "all of it", 1, None) == (
        done.state,
        done.progress,
        done.message,
        done.attempts,
        done.owner,
    )


def test_the_same_work_is_one_job_until_it_is_over(jobs: Jobs) -> None:
    first = jobs.create(kind="k", title="T", arguments={"a": 1})

    assert first.id == jobs.create(kind="k", title="T", arguments={"a": 1}).id
    assert first.id != jobs.create(kind="k", title="T", arguments={"a": 2}).id
    run_job(jobs, {"k": lambda _context, _arguments: ""}, first.id, retry=False)
    assert first.id != jobs.create(kind="k", title="T", arguments={"a": 1}).id


def test_a_claimed_job_is_not_claimed_again(jobs: Jobs) -> None:
    job = jobs.create(kind="k", title="T")

    assert jobs.claim(job.id, this_process()) is not None
    assert jobs.claim(job.id, "other/boot/1/0.00") is None
    with pytest.raises(JobRunningElsewhere):
        run_job(jobs, {}, job.id, retry=False)


def test_the_lease_of_a_dead_owner_is_taken_back_at_once(jobs: Jobs) -> None:
    job = jobs.create(kind="k", title="T")
    jobs.claim(job.id, dead_owner())

    assert [job.id] == [due.id for due in jobs.due({"k"})]
    assert jobs.claim(job.id, this_process()) is not None


def test_the_lease_of_a_distant_owner_must_expire(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.create(kind="k", title="T")
    jobs.claim(job.id, "elsewhere/boot/1/0.00")

    assert [] == jobs.due({"k"})
    monkeypatch.setattr(jobs_module.time, "time", lambda clock=jobs_module.time.time: clock() + jobs_module.LEASE_S + 1)
    assert [job.id] == [due.id for due in jobs.due({"k"})]


def test_a_silent_job_of_a_live_process_keeps_its_lease(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.create(kind="k", title="T")
    jobs.claim(job.id, this_process())
    monkeypatch.setattr(
        jobs_module.time, "time", lambda clock=jobs_module.time.time: clock() + 10 * jobs_module.LEASE_S
    )

    assert [] == jobs.due({"k"})


def test_an_orphan_that_nobody_can_go_on_with_has_failed(jobs: Jobs) -> None:
    job = jobs.create(kind="command", title="T")
    jobs.claim(job.id, dead_owner())
    jobs.fail_orphans({"k"}, "Run it again.")

    assert (State.FAILED, "Run it again.") == (jobs.get(job.id).state, jobs.get(job.id).error)


def test_this_process_is_alive() -> None:
    assert not owner_is_dead(this_process())
    assert owner_is_dead(this_process().rsplit("/", 1)[0] + "/1.00")
    assert f"/{os.getpid()}/" in this_process()


def test_a_passing_failure_is_tried_again_later(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments) -> str:
        raise Unavailable("The runtime sleeps.")

    job = jobs.create(kind="k", title="T")
    waiting = run_job(jobs, {"k": fail}, job.id, retry=True)

    assert State.QUEUED == waiting.state
    assert waiting.retry_at is not None
    assert "The runtime sleeps." in waiting.message
    assert [] == jobs.due({"k"})
    assert jobs.claim(job.id, this_process()) is None


def test_a_lasting_failure_is_recorded_with_its_reason(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments) -> str:
        raise Refused("The file is no Bible.", remedy="Bring another.")

    job = jobs.create(kind="k", title="T")
    with pytest.raises(Refused):
        run_job(jobs, {"k": fail}, job.id, retry=True)

    failed = jobs.get(job.id)
    assert (State.FAILED, "Refused", "The file is no Bible. Bring another.") == (
        failed.state,
        failed.error_class,
        failed.error,
    )


def test_cancelling_reaches_a_running_job_at_its_next_report(jobs: Jobs) -> None:
    def work(context: JobContext, _arguments) -> str:
        jobs.cancel(job.id)
        context.report(0.1, "on", now=True)
        return "not reached"

    job = jobs.create(kind="k", title="T")
    with pytest.raises(JobCancelled):
        run_job(jobs, {"k": work}, job.id, retry=True)

    assert State.CANCELLED == jobs.get(job.id).state


def test_cancelling_drops_a_waiting_job(jobs: Jobs) -> None:
    job = jobs.create(kind="k", title="T")

    assert State.CANCELLED == jobs.cancel(job.id).state


def test_time_left_comes_from_the_pace_of_this_run(jobs: Jobs) -> None:
    job = jobs.create(kind="k", title="T")
    owner = this_process()
    claimed = jobs.claim(job.id, owner)
    assert claimed is not None
    jobs.restart_clock(job.id, 0.5)
    jobs.report(job.id, owner, 0.75, "on")
    running = jobs.get(job.id)

    assert running.started_at is not None
    assert 10.0 == pytest.approx(running.seconds_left(running.started_at + 10))


def test_an_unknown_job_is_said_so(jobs: Jobs) -> None:
    with pytest.raises(JobNotFound):
        jobs.get(99)
