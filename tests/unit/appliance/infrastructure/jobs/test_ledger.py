"""Jobs: claim, lease, progress, retry, cancel."""

import pytest
from fakes.clock import FakeClock
from fakes.job_kinds import Labelled, kind_of
from fakes.working import K, claim_all, dead_owner, run_in_process, work_in_turn

from appliance.errors import Unavailable
from appliance.infrastructure.jobs import delays, ledger
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import JobNotFound, JobNotOver, JobRunningElsewhere, State
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.ledger import Jobs
from server.bootstrap import Appliance

SHORT = kind_of("short", short=True)
URGENT = kind_of("urgent", priority=1)
COMMAND = kind_of("command")
REMOTE = "elsewhere/boot/1/0.00"
HOUR = 3600.0


def test_equal_jobs_are_one_job_until_it_ends(jobs: Jobs) -> None:
    first = jobs.create(K, Labelled(label="a 1"))

    assert first.id == jobs.create(K, Labelled(label="a 1")).id
    assert first.id != jobs.create(K, Labelled(label="a 2")).id
    run_in_process(jobs, lambda _context, _arguments: "", first)
    assert first.id != jobs.create(K, Labelled(label="a 1")).id


def test_a_claimed_job_is_not_claimed_again(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())

    assert jobs.claim(job.id, this_process()) is not None
    assert jobs.claim(job.id, "other/boot/1/0.00") is None
    with pytest.raises(JobRunningElsewhere):
        run_in_process(jobs, lambda _context, _arguments: "not reached", job)


def test_the_job_of_a_dead_local_owner_is_requeued_immediately(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    jobs.claim(job.id, dead_owner())

    assert [job.id] == [due.id for due in jobs.due({"k"})]
    assert jobs.claim(job.id, this_process()) is not None


def test_the_lease_of_a_remote_owner_ends_after_a_minute_without_renewal(timed: Jobs, clock: FakeClock) -> None:
    job = timed.create(K, Labelled())
    timed.claim(job.id, REMOTE)

    assert [] == timed.due({"k"})
    clock.passed = ledger.LEASE_S
    assert [] == timed.due({"k"})
    clock.passed = ledger.LEASE_S + 1
    assert [job.id] == [due.id for due in timed.due({"k"})]


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_clock_ends_no_lease(timed: Jobs, clock: FakeClock, jump: float) -> None:
    local_job, remote_job = (timed.create(K, Labelled(label=f"a {number}")) for number in range(2))
    timed.claim(local_job.id, this_process())
    timed.claim(remote_job.id, REMOTE)
    assert [] == timed.due({"k"})
    clock.now += jump
    assert [] == timed.due({"k"})
    for _ in range(10):
        clock.now, clock.passed = clock.now + 20, clock.passed + 20
        timed.renew(remote_job.id, REMOTE)
        assert [] == timed.due({"k"})


def test_setting_the_clock_back_does_not_delay_a_retry(timed: Jobs, clock: FakeClock) -> None:
    def fail(_context: JobContext, _arguments: object) -> str:
        raise Unavailable("The model runtime is not running.")

    job = timed.create(K, Labelled())
    work_in_turn(timed, fail)
    assert timed.wait_s(timed.get(job.id)) > 0
    clock.now -= HOUR

    assert 0 == timed.wait_s(timed.get(job.id))
    assert [job.id] == [due.id for due in timed.due({"k"})]
    claimed = timed.claim_next("library", {"k"}, this_process())
    assert claimed is not None
    assert job.id == claimed.id


def test_an_orphaned_job_that_cannot_be_continued_fails(jobs: Jobs) -> None:
    job = jobs.create(COMMAND, Labelled())
    jobs.claim(job.id, dead_owner())
    jobs.fail_orphans({"command"}, "Run it again.")

    assert (State.FAILED, "Run it again.") == (jobs.get(job.id).state, jobs.get(job.id).error)


def test_cancelling_ends_a_queued_job(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())

    assert State.CANCELLED == jobs.cancel(job.id).state


def test_the_remaining_time_is_estimated_from_the_speed_of_this_run(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    owner = this_process()
    claimed = jobs.claim(job.id, owner)
    assert claimed is not None
    jobs.restart_clock(job.id, 0.5)
    jobs.report(job.id, owner, 0.75, "on")
    running = jobs.get(job.id)

    assert running.started_at is not None
    assert 10.0 == pytest.approx(running.seconds_left(running.started_at + 10))


def test_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    with pytest.raises(JobNotFound):
        jobs.get(99)


def test_people_take_turns(jobs: Jobs) -> None:
    for number in range(3):
        jobs.create(K, Labelled(title=f"a{number}", label=f"a {number}"), started_by="person:1")
    for number in range(2):
        jobs.create(K, Labelled(title=f"b{number}", label=f"b {number}"), started_by="person:2")
    jobs.create(K, Labelled(title="machine"))

    turns = []
    while job := jobs.claim_next("library", {"k"}, this_process()):
        turns.append(job.title)
        jobs.finish(job.id, this_process(), State.DONE, "")

    assert ["a0", "b0", "machine", "a1", "b1", "a2"] == turns


def test_a_job_with_a_higher_priority_runs_first(jobs: Jobs) -> None:
    jobs.create(K, Labelled(title="first"))
    jobs.create(URGENT, Labelled(title="urgent"))

    assert ["urgent", "first"] == [job.title for job in claim_all(jobs)]


def test_with_short_only_long_jobs_are_not_claimed(jobs: Jobs) -> None:
    jobs.create(K, Labelled(title="long"))
    jobs.create(SHORT, Labelled(title="short"))

    assert ["short"] == [job.title for job in claim_all(jobs, short_only=True)]


def test_a_job_that_kills_its_worker_each_time_waits_longer_and_fails(timed: Jobs, clock: FakeClock) -> None:
    jobs = timed
    job = jobs.create(K, Labelled())
    owner = dead_owner()
    pauses = []
    for _ in range(ledger.MAX_DEATHS):
        jobs.due({"k"})
        pauses.append((jobs.get(job.id).retry_at or clock.now) - clock.now)
        clock.now += delays.DEATH_PAUSE_LIMIT_S
        assert jobs.claim(job.id, owner) is not None
    jobs.due({"k"})

    assert [0, 0, 0, 2, 4, 8, 16, 30, 30] == pauses[:9]

    failed = jobs.get(job.id)
    assert (State.FAILED, "WorkerDied") == (failed.state, failed.error_class)
    assert "died 50 times" in (failed.error or "")


def test_a_job_that_makes_progress_is_retried_however_often_its_worker_dies(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    owner = dead_owner()
    for number in range(3 * ledger.MAX_DEATHS):
        assert jobs.claim(job.id, owner) is not None
        jobs.report(job.id, owner, number / 100, "on")

    assert [job.id] == [due.id for due in jobs.due({"k"})]


def test_a_job_that_has_ended_can_be_started_again(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled(label="a 1"))
    with pytest.raises(JobNotOver):
        jobs.start_again(K, job.id, started_by="")
    jobs.cancel(job.id)
    again = jobs.start_again(K, job.id, started_by="person:1")

    assert (job.arguments, "person:1") == (again.arguments, again.started_by)
    assert again.id != job.id


def test_each_change_of_a_job_is_an_event(jobs: Jobs, appliance: Appliance) -> None:
    before = appliance.events.newest()
    job = jobs.create(K, Labelled(), started_by="person:1")
    run_in_process(jobs, lambda context, _arguments: context.report(0.5, "half", now=True) or "whole", job)
    events = appliance.events.after(before)

    assert ["job.queued", "job.started", "job.progress", "job.done"] == [event.kind for event in events]
    assert {frozenset({"person:1", "administrators"})} == {event.audience for event in events}
    assert b'"progress":1.0' in bytes(events[-1].payload)


def test_a_new_job_does_not_join_one_that_is_being_cancelled(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    jobs.claim(job.id, this_process())
    jobs.cancel(job.id)

    assert job.id != jobs.create(K, Labelled()).id


def test_claimed_jobs_that_a_process_does_not_run_are_requeued(jobs: Jobs) -> None:
    first, second = (jobs.create(K, Labelled(label=f"a {number}")) for number in range(2))
    for job in (first, second):
        jobs.claim(job.id, this_process())
    jobs.release_others(this_process(), {second.id})

    assert (State.QUEUED, State.RUNNING) == (jobs.get(first.id).state, jobs.get(second.id).state)
