"""Workers are killed at random moments; every job is done, and has had its effects once."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from fakes.serving import serving

from appliance.infrastructure.backup import BACKUP
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.kind import QUEUES, JobKind
from appliance.scripture.jobs import GRAPH, IMPORT, INDEX, MEMORY, ImportArguments
from appliance.scripture.translations import queries
from server.bootstrap import Appliance, open_appliance
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
FOLLOWING = frozenset(kind.name for kind in (INDEX, GRAPH, MEMORY))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Appliance]:
    appliance = open_appliance(tmp_path / "home")
    yield appliance
    appliance.close()


def add_jobs(house: Appliance, number: int, sword_root: Path) -> None:
    """A mix: many small jobs, one of many steps, programs in the other queues, now and then the real long ones."""
    made = [house.dispatcher.create(NOTE, StepsArguments(number=10 * number + each)) for each in range(10)]
    steps = StepsArguments(number=number, steps=STEP_COUNT)
    made += [house.dispatcher.create(kind, steps) for kind in (STEPS, HEAVY_STEPS)]
    burn = BurnArguments(number=number, seconds=0.6)
    made += [house.dispatcher.create(kind, burn) for kind in (BURN_OCR, BURN_MEDIA)]
    if number % 5 == 0:
        made.append(house.dispatcher.create(IMPORT, ImportArguments(location=str(sword_root), only=["RV1909"])))
        made.append(house.dispatcher.create(BACKUP))
    for job in made:
        house.dispatcher.wake(job)


def burning(home: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if "sum(range(20_000))" in " ".join(process.info["cmdline"] or ())
        and str(home) in " ".join(process.info["cmdline"])
    ]


def heavy(home: Path) -> list[psutil.Process]:
    """The processes of heavy jobs."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"server.job_process", str(home)} <= set(process.info["cmdline"] or ())
    ]


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_killing_any_worker_at_any_moment_loses_and_repeats_nothing(
    house: Appliance, sword_root: Path, rounds: int
) -> None:
    home, dice = house.folder.home, random.Random(rounds)
    workers = {queue: start_worker(home, queue) for queue in QUEUES}
    try:
        for number in range(rounds):
            add_jobs(house, number, sword_root)
            time.sleep(dice.uniform(0.1, 1.5))  # the moment of death is to be any
            queue = dice.choice(QUEUES)
            workers[queue].kill()
            workers[queue].wait()
            workers[queue] = start_worker(home, queue)
        end_what_follows(house)
        wait_until_idle(house)
    finally:
        for worker in workers.values():
            worker.terminate()
        for worker in workers.values():
            worker.wait(timeout=20)

    jobs = [job for job in house.jobs.latest(200_000) if job.kind not in FOLLOWING]
    trail: dict[int, int] = dict(traces(home).reader.rows(SELECT_TRACES))
    burnt = {path.name for path in (home / "exercises").iterdir()}
    assert {State.DONE} == {job.state for job in jobs}, [job for job in jobs if job.state is not State.DONE]
    assert {job.id: 1 for job in jobs if job.kind == NOTE.name} | {
        job.id: STEP_COUNT for job in jobs if job.kind in (STEPS.name, HEAVY_STEPS.name)
    } == trail
    assert {f"burnt-{job.id}" for job in jobs if job.queue != "library"} == burnt
    assert [("RV1909", 31_084)] == [(each.id, each.verses) for each in queries.translations(house.library)]
    assert [] == list(house.folder.workshop.iterdir())
    assert [] == burning(home) + heavy(home)


def end_what_follows(house: Appliance, kinds: frozenset[str] = FOLLOWING) -> None:
    """Cancel the jobs that follow an import after all others have ended: embedding a whole translation takes a minute."""
    wait_until_idle(house, but=kinds)
    for job in house.jobs.active():
        house.jobs.cancel(job.id)


def wait_until_idle(house: Appliance, but: frozenset[str] = frozenset()) -> None:
    deadline = time.monotonic() + WAIT_S
    while active := [job for job in house.jobs.active() if job.kind not in but]:
        assert time.monotonic() < deadline, active
        time.sleep(0.1)  # other processes' progress: there is no event to wait on from here


def test_the_program_of_a_killed_worker_dies_with_it(house: Appliance) -> None:
    worker = start_worker(house.folder.home, "media")
    job = house.dispatcher.create(BURN_MEDIA, BurnArguments(seconds=60))
    house.dispatcher.wake(job)
    deadline = time.monotonic() + WAIT_S
    while not (pids := burning(house.folder.home)):
        assert time.monotonic() < deadline
        time.sleep(0.05)  # another process's child: there is no event to wait on from here
    os.kill(worker.pid, 9)
    worker.wait()
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)

    assert [] == burning(house.folder.home)


def begin_heavy_job(house: Appliance) -> tuple[int, psutil.Process]:
    """A heavy job that has come to its tenth step, and its process."""
    job = house.dispatcher.create(HEAVY_STEPS, StepsArguments(steps=200))
    house.dispatcher.wake(job)
    deadline = time.monotonic() + WAIT_S
    while house.jobs.get(job.id).progress < 0.05:
        assert time.monotonic() < deadline, house.jobs.get(job.id)
        time.sleep(0.02)  # another process's progress: there is no event to wait on from here
    (process,) = heavy(house.folder.home)
    return job.id, process


def test_a_heavy_job_whose_process_is_killed_is_tried_again(house: Appliance) -> None:
    worker = start_worker(house.folder.home, "library")
    try:
        job, process = begin_heavy_job(house)
        process.kill()
        process.wait(timeout=10)
        wait_until_idle(house)
        alive = worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(timeout=20)
    done = house.jobs.get(job)

    assert alive
    assert (State.DONE, 2, 1, 0) == (done.state, done.attempts, done.failures, done.deaths)
    assert {job: 200} == dict(traces(house.folder.home).reader.rows(SELECT_TRACES))
    assert [] == heavy(house.folder.home)


def test_the_process_of_a_heavy_job_dies_with_its_worker(house: Appliance) -> None:
    worker = start_worker(house.folder.home, "library")
    _, process = begin_heavy_job(house)
    worker.kill()
    worker.wait()
    process.wait(timeout=10)

    assert [] == heavy(house.folder.home)


def test_cancelling_ends_the_process_of_a_heavy_job(house: Appliance) -> None:
    worker = start_worker(house.folder.home, "library")
    try:
        job, process = begin_heavy_job(house)
        house.jobs.cancel(job)
        process.wait(timeout=WAIT_S)
        wait_until_idle(house)
    finally:
        worker.terminate()
        worker.wait(timeout=20)

    assert State.CANCELLED is house.jobs.get(job).state
    assert [] == list(house.folder.workshop.iterdir())


def test_a_worker_has_nothing_of_heavy_jobs_in_its_memory_when_they_are_done(
    house: Appliance, sword_root: Path
) -> None:
    worker = start_worker(house.folder.home, "library")
    try:
        house.dispatcher.wake(
            house.dispatcher.create(IMPORT, ImportArguments(location=str(sword_root), only=["RV1909"]))
        )
        house.dispatcher.wake(house.dispatcher.create(GRAPH))
        end_what_follows(house, FOLLOWING - {GRAPH.name})
        wait_until_idle(house)
        maps = Path(f"/proc/{worker.pid}/maps").read_text()
    finally:
        worker.terminate()
        worker.wait(timeout=20)
    done = {job.kind for job in house.jobs.latest() if job.state is State.DONE}

    assert {IMPORT.name, GRAPH.name} <= done
    assert [] == [name for name in ("kuzu", "lxml") if f"/{name}/" in maps]
    assert [] == heavy(house.folder.home)


def test_an_idle_worker_asked_to_end_ends(house: Appliance) -> None:
    worker = start_worker(house.folder.home, "ocr")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=3)
    worker.terminate()

    assert worker.wait(timeout=10) is not None


@pytest.mark.parametrize("kind", [BURN_OCR, BURN_MEDIA], ids=lambda kind: str(kind.queue))
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_a_supervised_worker_that_is_killed_takes_its_job_up_again(
    house: Appliance,
    kind: JobKind[BurnArguments, ExerciseParts],
    rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    took = []
    with serving(house.folder.home, command="up", options=["--exercises"]):
        for number in range(rounds):
            job = house.dispatcher.create(kind, BurnArguments(number=number, seconds=1.0))
            house.dispatcher.wake(job)
            first = wait_for_owner(house, job.id, after=None)
            began = time.monotonic()
            os.kill(int(first.rsplit("/", 2)[1]), signal.SIGKILL)
            wait_for_owner(house, job.id, after=first)
            took.append(round(time.monotonic() - began, 2))
            wait_until_idle(house)
            assert (State.DONE, 2) == (house.jobs.get(job.id).state, house.jobs.get(job.id).attempts)
    record_property("seconds from the kill until the job runs again", took)
    print(f"{kind.queue}: {took}")

    assert max(took) < 60
    assert rounds == len(list((house.folder.home / "exercises").iterdir()))
    assert [] == burning(house.folder.home)


def wait_for_owner(house: Appliance, job: int, *, after: str | None) -> str:
    """The process that has a job in hand, once that is another than before."""
    deadline = time.monotonic() + WAIT_S
    while (owner := house.jobs.get(job).owner) is None or owner == after:
        assert time.monotonic() < deadline, house.jobs.get(job)
        time.sleep(0.02)  # another process's progress: there is no event to wait on from here
    return owner
