"""The worker of a queue: which jobs it runs, what a failing job changes, and what its sweep repairs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.job_kinds import Function, Labelled, kind_of
from fakes.osis_texts import import_osis
from fakes.recording_queues import RecordingConnections

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.kind import LIBRARY, MEDIA, OCR, JobKind, JobKinds
from appliance.infrastructure.jobs.leases import this_process
from server.bootstrap import Appliance
from server.command_jobs import COMMAND, TrackedCommand
from server.worker import Worker

Kind = JobKind[Labelled, object]


def kind(name: str, function: Function, **options: object) -> Kind:
    return kind_of(name, **options).with_function(lambda context, arguments, _parts: function(context, arguments))


def succeed(_context: JobContext, arguments: Labelled) -> str:
    return f"done: {arguments.label}"


def fail_with(error: Exception) -> Function:
    def fail(_context: JobContext, _arguments: Labelled) -> str:
        raise error

    return fail


GOOD = kind("good", succeed)
SCAN = kind("scan", succeed, queue=OCR)


@pytest.fixture
def queues(appliance: Appliance) -> RecordingConnections:
    """The queues of the data folder. Nothing consumes them."""
    connections = RecordingConnections()
    appliance.queue_connections = connections
    return connections


@pytest.fixture
def create(appliance: Appliance, queues: RecordingConnections) -> Callable[[Kind, str], Job]:
    """Create a job with a label, as a page or a command does."""
    return lambda job_kind, label: appliance.jobs.create(job_kind, Labelled(label=label))


def worker_of(appliance: Appliance, queue: str, *kinds: Kind) -> Worker:
    return Worker(appliance, queue, JobKinds(kinds))


def state_of(appliance: Appliance, *jobs: Job) -> list[State]:
    return [appliance.jobs.get(job.id).state for job in jobs]


def dead_owner() -> str:
    """The owner name of a process from before the last start of this machine."""
    host, _boot, pid, start = this_process().rsplit("/", 3)
    return f"{host}/an earlier boot/{pid}/{start}"


def test_a_worker_runs_all_due_jobs_of_its_queue(appliance: Appliance, create: Callable[[Kind, str], Job]) -> None:
    one, scan, two = create(GOOD, "one"), create(SCAN, "scan"), create(GOOD, "two")
    worker_of(appliance, LIBRARY, GOOD, SCAN).drain()

    assert [State.DONE, State.QUEUED, State.DONE] == state_of(appliance, one, scan, two)
    assert "done: two" == appliance.jobs.get(two.id).message


def test_a_worker_leaves_jobs_of_unknown_kinds_to_others(
    appliance: Appliance, create: Callable[[Kind, str], Job]
) -> None:
    unknown, known = create(kind_of("unknown"), "a"), create(GOOD, "b")
    worker_of(appliance, LIBRARY, GOOD).drain()

    assert [State.QUEUED, State.DONE] == state_of(appliance, unknown, known)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Refused("The file is empty.", remedy="Choose another file."), "The file is empty. Choose another file."),
        (
            RuntimeError("index out of range"),
            "An unexpected error occurred. Details are in the worker's log.",
        ),
    ],
    ids=["our error", "any other error"],
)
def test_a_failed_job_has_a_message_and_the_worker_continues(
    appliance: Appliance, create: Callable[[Kind, str], Job], error: Exception, message: str
) -> None:
    bad = kind("bad", fail_with(error))
    failed, next_job = create(bad, "a"), create(GOOD, "b")
    worker_of(appliance, LIBRARY, bad, GOOD).drain()

    assert [State.FAILED, State.DONE] == state_of(appliance, failed, next_job)
    assert message == appliance.jobs.get(failed.id).error


def test_a_job_with_a_temporary_failure_wakes_its_queue_after_a_pause(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job]
) -> None:
    bad = kind("bad", fail_with(Unavailable("The disk is busy.")))
    job = create(bad, "a")
    worker_of(appliance, LIBRARY, bad).drain()
    ((woken, delay_s),) = queues.to(LIBRARY).wakes

    assert ([State.QUEUED], job.id) == (state_of(appliance, job), woken)
    assert 0.0 < delay_s <= 5.0


def import_verses(appliance: Appliance, folder: Path) -> Function:
    def work(_context: JobContext, _arguments: Labelled) -> str:
        import_osis(appliance.library, folder, "WEB", {"Gen.1.1": "A lamp shone."})
        return "imported"

    return work


def test_after_a_change_of_the_library_its_outdated_data_is_rebuilt(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job], tmp_path: Path
) -> None:
    importing = kind("importing", import_verses(appliance, tmp_path), changes_library=True)
    create(importing, "a")
    worker_of(appliance, LIBRARY, importing).drain()
    waiting = appliance.jobs.active()

    assert "graph" in {job.kind for job in waiting}
    assert [(job.id, 0.0) for job in waiting] == queues.to(LIBRARY).wakes


def test_other_jobs_rebuild_nothing(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job], tmp_path: Path
) -> None:
    importing = kind("importing", import_verses(appliance, tmp_path))
    create(importing, "a")
    worker_of(appliance, LIBRARY, importing).drain()

    assert ([], []) == (appliance.jobs.active(), queues.to(LIBRARY).wakes)


class Slots:
    """Kinds of jobs that record when they run. During the first long job, the worker is woken again."""

    def __init__(self, appliance: Appliance, queue: str) -> None:
        self.log: list[str] = []
        self.long = kind("long", self._run_long, queue=queue)
        self.short = kind("short", self._run_short, queue=queue, short=True)
        self.worker = worker_of(appliance, queue, self.long, self.short)

    def _run_short(self, _context: JobContext, arguments: Labelled) -> str:
        self.log.append(arguments.label)
        return "done"

    def _run_long(self, _context: JobContext, arguments: Labelled) -> str:
        self.log.append(arguments.label)
        if arguments.label == "first":
            self.worker.drain()
            self.log.append("end of first")
        return "done"


def test_a_short_library_job_runs_beside_a_long_one(appliance: Appliance, create: Callable[[Kind, str], Job]) -> None:
    slots = Slots(appliance, LIBRARY)
    for job_kind, label in ((slots.long, "first"), (slots.long, "second"), (slots.short, "short")):
        create(job_kind, label)
    slots.worker.drain()

    assert ["first", "short", "end of first", "second"] == slots.log


@pytest.mark.parametrize("queue", [OCR, MEDIA])
def test_other_queues_have_no_slot_for_short_jobs(
    appliance: Appliance, create: Callable[[Kind, str], Job], queue: str
) -> None:
    slots = Slots(appliance, queue)
    for job_kind, label in ((slots.long, "first"), (slots.short, "short")):
        create(job_kind, label)
    slots.worker.drain()

    assert ["first", "end of first", "short"] == slots.log


def test_a_sweep_requeues_the_job_of_a_dead_worker(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job]
) -> None:
    job = create(GOOD, "a")
    appliance.jobs.claim(job.id, dead_owner())
    worker_of(appliance, LIBRARY, GOOD).sweep()

    assert ([State.QUEUED], [(job.id, 0.0)]) == (state_of(appliance, job), queues.to(LIBRARY).wakes)


def test_a_sweep_requeues_a_job_that_this_worker_has_claimed_but_does_not_run(
    appliance: Appliance, create: Callable[[Kind, str], Job]
) -> None:
    # For example, the disk was full when the job ended.
    job = create(GOOD, "a")
    appliance.jobs.claim(job.id, this_process())
    worker_of(appliance, LIBRARY, GOOD).sweep()

    assert [State.QUEUED] == state_of(appliance, job)


def test_a_sweep_does_not_disturb_a_running_job(appliance: Appliance, create: Callable[[Kind, str], Job]) -> None:
    states: list[State] = []

    def sweep(context: JobContext, _arguments: Labelled) -> str:
        worker.sweep()
        states.extend(state_of(appliance, context.job))
        return "done"

    sweeping = kind("sweeping", sweep)
    job, worker = create(sweeping, "a"), worker_of(appliance, LIBRARY, sweeping)
    worker.drain()

    assert ([State.RUNNING], [State.DONE]) == (states, state_of(appliance, job))


def test_a_sweep_wakes_the_queue_once_per_slot(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job]
) -> None:
    jobs = [create(GOOD, str(number)) for number in range(5)]
    worker_of(appliance, LIBRARY, GOOD).sweep()

    # By default there is one slot for long jobs and one for short jobs.
    assert [(job.id, 0.0) for job in jobs[:2]] == queues.to(LIBRARY).wakes


def test_a_sweep_wakes_the_queue_for_a_retry_when_it_is_due(
    appliance: Appliance, queues: RecordingConnections, create: Callable[[Kind, str], Job]
) -> None:
    bad = kind("bad", fail_with(Unavailable("The disk is busy.")))
    job, worker = create(bad, "a"), worker_of(appliance, LIBRARY, bad)
    worker.drain()
    queues.to(LIBRARY).wakes.clear()
    worker.sweep()
    ((woken, delay_s),) = queues.to(LIBRARY).wakes

    assert job.id == woken
    assert 0.0 < delay_s <= 5.0


def test_a_sweep_creates_the_job_of_the_day_once(appliance: Appliance, queues: RecordingConnections) -> None:
    daily = kind("daily", succeed, daily_at=3)
    worker = worker_of(appliance, LIBRARY, daily)
    worker.sweep()
    created = [job.kind for job in appliance.jobs.active()]
    worker.drain()
    worker.sweep()

    assert (["daily"], []) == (created, appliance.jobs.active())


def test_an_interrupted_command_cannot_be_continued(appliance: Appliance, queues: RecordingConnections) -> None:
    job = appliance.jobs.create(COMMAND, TrackedCommand(title="Install", command=["true"]))
    appliance.jobs.claim(job.id, dead_owner())
    worker_of(appliance, LIBRARY, GOOD).sweep()
    ended = appliance.jobs.get(job.id)

    assert State.FAILED == ended.state
    assert "./packaging/run.sh again" in str(ended.error)


def test_a_sweep_deletes_the_folders_of_jobs_that_have_ended(
    appliance: Appliance, create: Callable[[Kind, str], Job]
) -> None:
    job = create(GOOD, "a")
    for name in (f"job-{job.id}", "job-999"):
        (appliance.folder.working_folder / name).mkdir(parents=True)
    worker_of(appliance, LIBRARY, GOOD).sweep()

    assert [f"job-{job.id}"] == [path.name for path in appliance.folder.working_folder.iterdir()]


def test_only_the_library_worker_does_the_work_for_all_queues(
    appliance: Appliance, queues: RecordingConnections
) -> None:
    job = appliance.jobs.create(COMMAND, TrackedCommand(title="Install", command=["true"]))
    appliance.jobs.claim(job.id, dead_owner())
    (appliance.folder.working_folder / "job-999").mkdir(parents=True)
    worker_of(appliance, OCR, SCAN, kind("daily", succeed, daily_at=3)).sweep()

    assert [job.id] == [active.id for active in appliance.jobs.active()]
    assert State.RUNNING == appliance.jobs.get(job.id).state
    assert (appliance.folder.working_folder / "job-999").exists()
