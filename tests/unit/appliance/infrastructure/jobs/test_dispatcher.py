"""Creating jobs, starting them again, and running them in this process."""

from pathlib import Path

import pytest
from fakes.job_kinds import Labelled, done_by, kind_of

from appliance.errors import Refused
from appliance.infrastructure.jobs.dispatcher import Dispatcher, JobNotRepeatable
from appliance.infrastructure.jobs.job import Job, JobNotOver, State
from appliance.infrastructure.jobs.pauses import Queues
from appliance.infrastructure.queue import JobQueue, QueueUnreachable
from appliance.infrastructure.queue_connections import QueueConnections
from server.bootstrap import Appliance

K = kind_of("k")


class RecordingQueue(JobQueue):
    """A queue without a file that records its wake-ups. If `broken`, it cannot be reached."""

    def __init__(self) -> None:
        self.woken: list[tuple[int, float]] = []
        self.broken = False

    def wake(self, job_id: int, delay_s: float = 0.0) -> None:
        if self.broken:
            raise QueueUnreachable("The queue cannot be reached.")
        self.woken.append((job_id, delay_s))


class ConnectionsToOne(QueueConnections):
    """Queue connections that all use the same queue."""

    def __init__(self, only: JobQueue) -> None:
        self._only = only

    def to(self, _queue: str) -> JobQueue:
        return self._only


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def dispatcher(appliance: Appliance, queue: RecordingQueue, tmp_path: Path) -> Dispatcher[object]:
    def work(_context: object, arguments: Labelled) -> str:
        if arguments.label == "bad":
            raise Refused("The file is not a translation.")
        return "done"

    queues = Queues(appliance.appliance_db, overseers="overseers")
    kinds = done_by(K, work)
    connections = ConnectionsToOne(queue)
    return Dispatcher(appliance.jobs, queues, kinds, None, connections=connections, working_folder=tmp_path)


def failed(dispatcher: Dispatcher[object]) -> Job:
    job = dispatcher.create(K, Labelled(label="bad"))
    with pytest.raises(Refused):
        dispatcher.run_in_process(job)
    return job


def test_a_started_job_wakes_its_queue_and_a_created_one_does_not(
    dispatcher: Dispatcher[object], queue: RecordingQueue
) -> None:
    dispatcher.create(K, Labelled(label="created"))
    started = dispatcher.start(K, Labelled(label="started"))

    assert [(started.id, 0.0)] == queue.woken


def test_a_job_is_created_even_if_its_queue_cannot_be_reached(
    dispatcher: Dispatcher[object], queue: RecordingQueue
) -> None:
    queue.broken = True

    assert State.QUEUED is dispatcher.start(K).state


def test_a_job_runs_in_this_process(dispatcher: Dispatcher[object]) -> None:
    assert (State.DONE, "done") == ((job := dispatcher.run_in_process(dispatcher.create(K))).state, job.message)


def test_a_failed_job_is_started_again_with_its_arguments(
    dispatcher: Dispatcher[object], queue: RecordingQueue
) -> None:
    old = failed(dispatcher)
    again = dispatcher.start_again(old.id, started_by="person:1")

    assert (old.arguments, "person:1") == (again.arguments, again.started_by)
    assert [(again.id, 0.0)] == queue.woken
    with pytest.raises(JobNotOver):
        dispatcher.start_again(again.id)


def test_a_job_of_an_unknown_kind_cannot_be_started_again(dispatcher: Dispatcher[object], appliance: Appliance) -> None:
    job = appliance.jobs.create(kind_of("command"), Labelled())
    appliance.jobs.cancel(job.id)

    with pytest.raises(JobNotRepeatable, match="command that started the job"):
        dispatcher.start_again(job.id)


def test_resuming_a_queue_wakes_it_for_its_queued_jobs(dispatcher: Dispatcher[object], queue: RecordingQueue) -> None:
    dispatcher.queues.pause("library", paused_by="Anna", reason="", until=None)
    waiting = [dispatcher.create(K, Labelled(label=str(number))) for number in range(2)]

    assert 2 == dispatcher.resume("library").waiting
    assert [(job.id, 0.0) for job in waiting] == queue.woken
