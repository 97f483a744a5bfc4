"""Jobs: claim, lease, progress, retry, cancel."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from fakes.job_kinds import Function, Labelled, done_by, kind_of

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.clock import Clock
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs import ledger
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job, JobCancelled, JobNotFound, JobNotOver, JobRunningElsewhere, State
from appliance.infrastructure.jobs.leases import _start, owner_is_dead, this_process
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.pauses import Queues
from appliance.infrastructure.jobs.queue_state import PauseTooLong, QueueNotFound
from appliance.infrastructure.jobs.runner import run_job, work_on
from server.bootstrap import Appliance

K = kind_of("k")
SHORT = kind_of("short", short=True)
URGENT = kind_of("urgent", priority=1)
COMMAND = kind_of("command")


def run_here(jobs: Jobs, function: Function, job: Job) -> Job:
    return run_job(jobs, done_by(K, function), None, job.id, workshop=Path("unused"))


def work_in_turn(jobs: Jobs, function: Function) -> list[float]:
    """Work as a worker does on the job whose turn it is; the pauses before it is tried again."""
    pauses: list[float] = []
    job = jobs.claim_next("library", {"k"}, this_process())
    work_on(jobs, done_by(K, function), None, job, this_process(), workshop=Path("unused"), on_retry=pauses.append)
    return pauses


def claim_all(jobs: Jobs, **options) -> list[Job]:
    claimed = []
    while job := jobs.claim_next("library", {"k", "short", "urgent"}, this_process(), **options):
        claimed.append(job)
    return claimed


class SetClock(Clock):
    """A clock that stands until it is moved; `now` is the time of day, `passed` the seconds that really passed."""

    def __init__(self) -> None:
        self.now, self.passed = 1_800_000_000.0, 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def jobs(appliance: Appliance) -> Jobs:
    return appliance.jobs


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def timed(appliance: Appliance, clock: SetClock) -> Jobs:
    """The jobs by a clock that the test sets."""
    return Jobs(appliance.appliance_db, overseers="overseers", clock=clock)


def dead_owner() -> str:
    """The lease name of a process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, boot, _pid, _started = this_process().rsplit("/", 3)
    owner = f"{host}/{boot}/{child.pid}/{_start(child.pid)}"
    child.communicate(b"\n")
    return owner


def test_a_job_runs_to_its_end(jobs: Jobs) -> None:
    def work(context: JobContext, arguments) -> str:
        context.report(0.5, f"half of {arguments.label}", now=True)
        return "all of it"

    job = jobs.create(K, Labelled(label="it"))
    done = run_here(jobs, work, job)

    assert (State.DONE, 1.0, "all of it", 1, None) == (
        done.state,
        done.progress,
        done.message,
        done.attempts,
        done.owner,
    )


def test_the_same_work_is_one_job_until_it_is_over(jobs: Jobs) -> None:
    first = jobs.create(K, Labelled(label="a 1"))

    assert first.id == jobs.create(K, Labelled(label="a 1")).id
    assert first.id != jobs.create(K, Labelled(label="a 2")).id
    run_here(jobs, lambda _context, _arguments: "", first)
    assert first.id != jobs.create(K, Labelled(label="a 1")).id


def test_a_claimed_job_is_not_claimed_again(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())

    assert jobs.claim(job.id, this_process()) is not None
    assert jobs.claim(job.id, "other/boot/1/0.00") is None
    with pytest.raises(JobRunningElsewhere):
        run_here(jobs, None, job)


def test_the_lease_of_a_dead_owner_is_taken_back_at_once(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    jobs.claim(job.id, dead_owner())

    assert [job.id] == [due.id for due in jobs.due({"k"})]
    assert jobs.claim(job.id, this_process()) is not None


DISTANT = "elsewhere/boot/1/0.00"
HOUR = 3600.0


def test_the_lease_of_a_distant_owner_ends_once_it_is_silent(timed: Jobs, clock: SetClock) -> None:
    job = timed.create(K, Labelled())
    timed.claim(job.id, DISTANT)

    assert [] == timed.due({"k"})
    clock.passed = ledger.LEASE_S
    assert [] == timed.due({"k"})
    clock.passed = ledger.LEASE_S + 1
    assert [job.id] == [due.id for due in timed.due({"k"})]


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_ends_no_lease(timed: Jobs, clock: SetClock, jump: float) -> None:
    near, far = (timed.create(K, Labelled(label=f"a {number}")) for number in range(2))
    timed.claim(near.id, this_process())
    timed.claim(far.id, DISTANT)
    assert [] == timed.due({"k"})
    clock.now += jump
    assert [] == timed.due({"k"})
    for _ in range(10):
        clock.now, clock.passed = clock.now + 20, clock.passed + 20
        timed.renew(far.id, DISTANT)
        assert [] == timed.due({"k"})


def test_a_clock_that_is_set_back_keeps_no_job_waiting(timed: Jobs, clock: SetClock) -> None:
    def fail(_context: JobContext, _arguments: object) -> str:
        raise Unavailable("The runtime sleeps.")

    job = timed.create(K, Labelled())
    work_in_turn(timed, fail)
    assert timed.wait_s(timed.get(job.id)) > 0
    clock.now -= HOUR

    assert 0 == timed.wait_s(timed.get(job.id))
    assert [job.id] == [due.id for due in timed.due({"k"})]
    claimed = timed.claim_next("library", {"k"}, this_process())
    assert claimed is not None
    assert job.id == claimed.id


def test_an_orphan_that_nobody_can_go_on_with_has_failed(jobs: Jobs) -> None:
    job = jobs.create(COMMAND, Labelled())
    jobs.claim(job.id, dead_owner())
    jobs.fail_orphans({"command"}, "Run it again.")

    assert (State.FAILED, "Run it again.") == (jobs.get(job.id).state, jobs.get(job.id).error)


def test_this_process_is_alive() -> None:
    assert not owner_is_dead(this_process())
    assert owner_is_dead(this_process().rsplit("/", 1)[0] + "/1.00")
    assert f"/{os.getpid()}/" in this_process()


def test_a_passing_failure_is_tried_again_later(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments) -> str:
        raise Unavailable("The runtime sleeps.")

    job = jobs.create(K, Labelled())
    pauses = work_in_turn(jobs, fail)
    waiting = jobs.get(job.id)

    assert State.QUEUED == waiting.state
    assert 2.5 <= pauses[0] <= 5.0
    assert waiting.retry_at is not None
    assert "The runtime sleeps." in waiting.message
    assert [] == jobs.due({"k"})
    assert jobs.claim(job.id, this_process()) is None


def test_a_lasting_failure_is_recorded_with_its_reason(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments) -> str:
        raise Refused("The file is no Bible.", remedy="Bring another.")

    job = jobs.create(K, Labelled())
    with pytest.raises(Refused):
        work_in_turn(jobs, fail)

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

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        work_in_turn(jobs, work)

    assert State.CANCELLED == jobs.get(job.id).state


def test_cancelling_drops_a_waiting_job(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())

    assert State.CANCELLED == jobs.cancel(job.id).state


def test_time_left_comes_from_the_pace_of_this_run(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
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


def test_what_is_urgent_goes_before(jobs: Jobs) -> None:
    jobs.create(K, Labelled(title="first"))
    jobs.create(URGENT, Labelled(title="urgent"))

    assert ["urgent", "first"] == [job.title for job in claim_all(jobs)]


def test_short_work_only_is_given_where_only_it_is_wanted(jobs: Jobs) -> None:
    jobs.create(K, Labelled(title="long"))
    jobs.create(SHORT, Labelled(title="short"))

    assert ["short"] == [job.title for job in claim_all(jobs, short_only=True)]


def test_a_paused_queue_gives_nothing_until_it_goes_on(jobs: Jobs, appliance: Appliance) -> None:
    jobs.create(K, Labelled())
    queues = Queues(appliance.appliance_db, overseers="overseers")
    state = queues.pause("library", paused_by="Anna", reason="The sermon is on.")

    assert (1, "Anna", "The sermon is on.") == (state.waiting, state.pause.paused_by, state.pause.reason)
    assert [] == claim_all(jobs)
    assert queues.resume("library").pause is None
    assert 1 == len(claim_all(jobs))
    with pytest.raises(QueueNotFound):
        queues.pause("kitchen", paused_by="", reason="")


def test_a_pause_ends_at_its_time(timed: Jobs, appliance: Appliance, clock: SetClock) -> None:
    timed.create(K, Labelled())
    queues = Queues(appliance.appliance_db, overseers="overseers", clock=clock)
    queues.pause("library", paused_by="Anna", reason="", until=clock.now + 60)

    assert [] == claim_all(timed)
    clock.now += 61
    assert 1 == len(claim_all(timed))


def test_a_job_that_kills_its_worker_each_time_waits_longer_and_fails(timed: Jobs, clock: SetClock) -> None:
    jobs = timed
    job = jobs.create(K, Labelled())
    owner = dead_owner()
    pauses = []
    for _ in range(ledger.MOST_DEATHS):
        jobs.due({"k"})
        pauses.append((jobs.get(job.id).retry_at or clock.now) - clock.now)
        clock.now += ledger.DEATH_PAUSE_LIMIT_S
        assert jobs.claim(job.id, owner) is not None
    jobs.due({"k"})

    assert [0, 0, 0, 2, 4, 8, 16, 30, 30] == pauses[:9]

    failed = jobs.get(job.id)
    assert (State.FAILED, "WorkerDied") == (failed.state, failed.error_class)
    assert "died 50 times" in failed.error


def test_a_job_that_gets_further_each_time_goes_on_however_often_its_worker_dies(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    owner = dead_owner()
    for number in range(3 * ledger.MOST_DEATHS):
        assert jobs.claim(job.id, owner) is not None
        jobs.report(job.id, owner, number / 100, "on")

    assert [job.id] == [due.id for due in jobs.due({"k"})]


def test_a_job_that_is_over_can_be_begun_again(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled(label="a 1"))
    with pytest.raises(JobNotOver):
        jobs.start_again(K, job.id, started_by="")
    jobs.cancel(job.id)
    again = jobs.start_again(K, job.id, started_by="person:1")

    assert (job.arguments, "person:1") == (again.arguments, again.started_by)
    assert again.id != job.id


def test_cancelling_ends_the_programs_of_a_job(jobs: Jobs, tmp_path: Path) -> None:
    def work(context: JobContext, _arguments) -> str:
        script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); print('on', flush=True); time.sleep(60)"
        context.run_program([sys.executable, "-c", script], timeout_s=60, on_line=lambda _line: jobs.cancel(job.id))
        return "not reached"

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        work_in_turn(jobs, work)

    assert State.CANCELLED == jobs.get(job.id).state
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_what_a_job_was_making_goes_when_it_is_cancelled(jobs: Jobs, tmp_path: Path) -> None:
    def work(context: JobContext, _arguments) -> str:
        (context.folder / "half.mp3").write_text("half")
        raise JobCancelled("Cancelled.")

    job = jobs.create(K, Labelled())
    with pytest.raises(JobCancelled):
        run_job(jobs, done_by(K, work), None, job.id, workshop=tmp_path / "workshop")

    assert [] == list((tmp_path / "workshop").iterdir())


def test_each_change_of_a_job_is_an_event(jobs: Jobs, appliance: Appliance) -> None:
    before = appliance.events.newest()
    job = jobs.create(K, Labelled(), started_by="person:1")
    run_here(jobs, lambda context, _arguments: context.report(0.5, "half", now=True) or "whole", job)
    told = appliance.events.after(before)

    assert ["job.queued", "job.started", "job.progress", "job.done"] == [event.kind for event in told]
    assert {frozenset({"person:1", "administrators"})} == {event.audience for event in told}
    assert b'"progress":1.0' in bytes(told[-1].payload)


def test_a_job_that_was_cancelled_does_not_come_back(jobs: Jobs) -> None:
    def fail(_context: JobContext, _arguments) -> str:
        jobs.cancel(job.id)
        raise Unavailable("The runtime sleeps.")

    job = jobs.create(K, Labelled())
    work_in_turn(jobs, fail)
    died = jobs.create(K, Labelled(label="a 1"))
    jobs.claim(died.id, dead_owner())
    jobs.cancel(died.id)
    jobs.due({"k"})

    assert [State.CANCELLED] * 2 == [jobs.get(each.id).state for each in (job, died)]


def test_a_job_that_is_being_cancelled_is_not_what_one_begins_anew(jobs: Jobs) -> None:
    job = jobs.create(K, Labelled())
    jobs.claim(job.id, this_process())
    jobs.cancel(job.id)

    assert job.id != jobs.create(K, Labelled()).id


def test_who_lost_a_job_leaves_its_folder_to_who_has_it(jobs: Jobs, tmp_path: Path) -> None:
    def work(context: JobContext, _arguments) -> str:
        (context.folder / "half").write_text("half")
        with appliance_of(jobs).write() as unit:
            unit.execute("UPDATE jobs SET owner = 'elsewhere/boot/1/0.00' WHERE id = ?", (job.id,))
        return "done"

    job = jobs.create(K, Labelled())
    run_job(jobs, done_by(K, work), None, job.id, workshop=tmp_path / "workshop")

    assert State.RUNNING == jobs.get(job.id).state
    assert (tmp_path / "workshop" / f"job-{job.id}" / "half").exists()


def appliance_of(jobs: Jobs) -> Database:
    return jobs._database


def test_what_a_process_holds_without_working_on_it_waits_again(jobs: Jobs) -> None:
    first, second = (jobs.create(K, Labelled(label=f"a {number}")) for number in range(2))
    for job in (first, second):
        jobs.claim(job.id, this_process())
    jobs.release_others(this_process(), {second.id})

    assert (State.QUEUED, State.RUNNING) == (jobs.get(first.id).state, jobs.get(second.id).state)


def test_a_pause_ends_within_a_month(appliance: Appliance, clock: SetClock) -> None:
    with pytest.raises(PauseTooLong):
        Queues(appliance.appliance_db, overseers="overseers", clock=clock).pause(
            "library", paused_by="Anna", reason="", until=clock.now + 1e12
        )
