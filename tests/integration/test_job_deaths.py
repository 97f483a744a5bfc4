"""Workers are killed at random moments. Still, every job is done, and takes effect exactly once."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fakes.serving import serving

from appliance.infrastructure.backup import BACKUP
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.kind import QUEUES, JobKind
from appliance.scripture.jobs import GRAPH, IMPORT, INDEX, MEMORY, ImportArguments
from appliance.scripture.translations import queries
from server.bootstrap import Appliance
from server.exercises import (
    BURN_MEDIA,
    BURN_OCR,
    HEAVY_STEPS,
    NOTE,
    SELECT_TRACES,
    STEPS,
    BurnArguments,
    ExerciseParts,
    StepsArguments,
    start_worker,
    traces,
)

STEP_COUNT = 25
WAIT_S = 180
FOLLOW_UP_KINDS = frozenset(kind.name for kind in (INDEX, GRAPH, MEMORY))


def add_jobs(appliance: Appliance, number: int, sword_root: Path) -> None:
    """Add many small jobs, jobs with many steps, jobs of other queues that run programs, and sometimes a real, long job."""
    jobs = [appliance.dispatcher.create(NOTE, StepsArguments(number=10 * number + offset)) for offset in range(10)]
    steps = StepsArguments(number=number, steps=STEP_COUNT)
    jobs += [appliance.dispatcher.create(kind, steps) for kind in (STEPS, HEAVY_STEPS)]
    burn = BurnArguments(number=number, seconds=0.6)
    jobs += [appliance.dispatcher.create(kind, burn) for kind in (BURN_OCR, BURN_MEDIA)]
    if number % 5 == 0:
        jobs.append(appliance.dispatcher.create(IMPORT, ImportArguments(location=str(sword_root), only=["RV1909"])))
        jobs.append(appliance.dispatcher.create(BACKUP))
    for job in jobs:
        appliance.dispatcher.wake(job)


def burning_processes(home: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if "sum(range(20_000))" in " ".join(process.info["cmdline"] or ())
        and str(home) in " ".join(process.info["cmdline"])
    ]


def heavy_job_processes(home: Path) -> list[psutil.Process]:
    """The processes of heavy jobs that run for a data folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"server.job_process", str(home)} <= set(process.info["cmdline"] or ())
    ]


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_no_job_is_lost_or_repeated_when_workers_are_killed_at_any_moment(
    appliance: Appliance, sword_root: Path, rounds: int
) -> None:
    home, generator = appliance.folder.home, random.Random(rounds)
    workers = {queue: start_worker(home, queue) for queue in QUEUES}
    try:
        for number in range(rounds):
            add_jobs(appliance, number, sword_root)
            time.sleep(generator.uniform(0.1, 1.5))  # kill at a random moment
            queue = generator.choice(QUEUES)
            workers[queue].kill()
            workers[queue].wait()
            workers[queue] = start_worker(home, queue)
        cancel_follow_up_jobs(appliance)
        wait_until_idle(appliance)
    finally:
        for worker in workers.values():
            worker.terminate()
        for worker in workers.values():
            worker.wait(timeout=20)

    jobs = [job for job in appliance.jobs.latest(200_000) if job.kind not in FOLLOW_UP_KINDS]
    steps_by_job: dict[int, int] = dict(traces(home).reader.rows(SELECT_TRACES))
    burnt = {path.name for path in (home / "exercises").iterdir()}
    assert {State.DONE} == {job.state for job in jobs}, [job for job in jobs if job.state is not State.DONE]
    assert {job.id: 1 for job in jobs if job.kind == NOTE.name} | {
        job.id: STEP_COUNT for job in jobs if job.kind in (STEPS.name, HEAVY_STEPS.name)
    } == steps_by_job
    assert {f"burnt-{job.id}" for job in jobs if job.queue != "library"} == burnt
    assert [("RV1909", 31_084)] == [
        (translation.id, translation.verses) for translation in queries.translations(appliance.library)
    ]
    assert [] == list(appliance.folder.working_folder.iterdir())
    assert [] == burning_processes(home) + heavy_job_processes(home)


def cancel_follow_up_jobs(appliance: Appliance, kinds: frozenset[str] = FOLLOW_UP_KINDS) -> None:
    """When all other jobs have ended, cancel the jobs that follow an import, because embedding a translation takes a minute."""
    wait_until_idle(appliance, but=kinds)
    for job in appliance.jobs.active():
        appliance.jobs.cancel(job.id)


def wait_until_idle(appliance: Appliance, but: frozenset[str] = frozenset()) -> None:
    deadline = time.monotonic() + WAIT_S
    while active := [job for job in appliance.jobs.active() if job.kind not in but]:
        assert time.monotonic() < deadline, active
        time.sleep(0.1)  # another process makes progress, and sends no event


def test_the_program_of_a_killed_worker_dies_with_it(appliance: Appliance) -> None:
    worker = start_worker(appliance.folder.home, "media")
    job = appliance.dispatcher.create(BURN_MEDIA, BurnArguments(seconds=60))
    appliance.dispatcher.wake(job)
    deadline = time.monotonic() + WAIT_S
    while not (pids := burning_processes(appliance.folder.home)):
        assert time.monotonic() < deadline
        time.sleep(0.05)  # another process starts the child, and sends no event
    os.kill(worker.pid, 9)
    worker.wait()
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)

    assert [] == burning_processes(appliance.folder.home)


def start_heavy_job(appliance: Appliance) -> tuple[int, psutil.Process]:
    """Start a heavy job, wait for the job's tenth step, and return the job's id and process."""
    job = appliance.dispatcher.create(HEAVY_STEPS, StepsArguments(steps=200))
    appliance.dispatcher.wake(job)
    deadline = time.monotonic() + WAIT_S
    while appliance.jobs.get(job.id).progress < 0.05:
        assert time.monotonic() < deadline, appliance.jobs.get(job.id)
        time.sleep(0.02)  # another process makes progress, and sends no event
    (process,) = heavy_job_processes(appliance.folder.home)
    return job.id, process


def test_a_heavy_job_is_retried_when_its_process_is_killed(appliance: Appliance) -> None:
    worker = start_worker(appliance.folder.home, "library")
    try:
        job, process = start_heavy_job(appliance)
        process.kill()
        process.wait(timeout=10)
        wait_until_idle(appliance)
        worker_is_running = worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(timeout=20)
    done = appliance.jobs.get(job)

    assert worker_is_running
    assert (State.DONE, 2, 1, 0) == (done.state, done.attempts, done.failures, done.deaths)
    assert {job: 200} == dict(traces(appliance.folder.home).reader.rows(SELECT_TRACES))
    assert [] == heavy_job_processes(appliance.folder.home)


def test_the_process_of_a_heavy_job_dies_with_its_worker(appliance: Appliance) -> None:
    worker = start_worker(appliance.folder.home, "library")
    _, process = start_heavy_job(appliance)
    worker.kill()
    worker.wait()
    process.wait(timeout=10)

    assert [] == heavy_job_processes(appliance.folder.home)


def test_cancelling_a_heavy_job_stops_its_process(appliance: Appliance) -> None:
    worker = start_worker(appliance.folder.home, "library")
    try:
        job, process = start_heavy_job(appliance)
        appliance.jobs.cancel(job)
        process.wait(timeout=WAIT_S)
        wait_until_idle(appliance)
    finally:
        worker.terminate()
        worker.wait(timeout=20)

    assert State.CANCELLED is appliance.jobs.get(job).state
    assert [] == list(appliance.folder.working_folder.iterdir())


def test_a_worker_does_not_load_the_libraries_of_heavy_jobs(appliance: Appliance, sword_root: Path) -> None:
    worker = start_worker(appliance.folder.home, "library")
    try:
        appliance.dispatcher.wake(
            appliance.dispatcher.create(IMPORT, ImportArguments(location=str(sword_root), only=["RV1909"]))
        )
        appliance.dispatcher.wake(appliance.dispatcher.create(GRAPH))
        cancel_follow_up_jobs(appliance, FOLLOW_UP_KINDS - {GRAPH.name})
        wait_until_idle(appliance)
        maps = Path(f"/proc/{worker.pid}/maps").read_text()
    finally:
        worker.terminate()
        worker.wait(timeout=20)
    done = {job.kind for job in appliance.jobs.latest() if job.state is State.DONE}

    assert {IMPORT.name, GRAPH.name} <= done
    assert [] == [name for name in ("kuzu", "lxml") if f"/{name}/" in maps]
    assert [] == heavy_job_processes(appliance.folder.home)


def test_an_idle_worker_ends_when_it_is_terminated(appliance: Appliance) -> None:
    worker = start_worker(appliance.folder.home, "ocr")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=3)
    worker.terminate()

    assert worker.wait(timeout=10) is not None


@pytest.mark.parametrize("kind", [BURN_OCR, BURN_MEDIA], ids=lambda kind: str(kind.queue))
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_a_job_runs_again_after_its_supervised_worker_is_killed(
    appliance: Appliance,
    kind: JobKind[BurnArguments, ExerciseParts],
    rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    took = []
    with serving(appliance.folder.home, command="up", options=["--exercises"]):
        for number in range(rounds):
            job = appliance.dispatcher.create(kind, BurnArguments(number=number, seconds=1.0))
            appliance.dispatcher.wake(job)
            first = wait_for_owner(appliance, job.id, after=None)
            began = time.monotonic()
            os.kill(int(first.rsplit("/", 2)[1]), signal.SIGKILL)
            wait_for_owner(appliance, job.id, after=first)
            took.append(round(time.monotonic() - began, 2))
            wait_until_idle(appliance)
            assert (State.DONE, 2) == (appliance.jobs.get(job.id).state, appliance.jobs.get(job.id).attempts)
    record_property("seconds from the kill until the job runs again", took)
    print(f"{kind.queue}: {took}")

    assert max(took) < 60
    assert rounds == len(list((appliance.folder.home / "exercises").iterdir()))
    assert [] == burning_processes(appliance.folder.home)


def wait_for_owner(appliance: Appliance, job: int, *, after: str | None) -> str:
    """Wait until a process other than `after` owns a job. Return the name of that owner."""
    deadline = time.monotonic() + WAIT_S
    while (owner := appliance.jobs.get(job).owner) is None or owner == after:
        assert time.monotonic() < deadline, appliance.jobs.get(job)
        time.sleep(0.02)  # another process makes progress, and sends no event
    return owner
