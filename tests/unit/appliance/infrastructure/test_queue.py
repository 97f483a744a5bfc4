"""Queues in files. `tests/integration/test_queues.py` has tests with consumers."""

from datetime import datetime
from pathlib import Path

import pytest

from appliance.infrastructure.queue import JobQueue, QueueUnreachable


def messages(queue: JobQueue) -> int:
    return int(queue._huey.storage.queue_size())


def test_an_undamaged_queue_keeps_its_messages(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    queue.wake(1)
    queue.close()

    assert 1 == messages(JobQueue("q", tmp_path / "q.db"))


@pytest.mark.parametrize("damage", [b"no database" * 1000, b"SQLite format 3\x00" + bytes(5_000)])
def test_a_queue_that_a_power_cut_damaged_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "q.db"
    JobQueue("q", path).close()
    path.write_bytes(damage)
    for ending in ("-wal", "-shm"):
        path.with_name(f"q.db{ending}").unlink(missing_ok=True)
    queue = JobQueue("q", path)
    queue.wake(1)

    assert 1 == messages(queue)
    queue.close()


def test_queues_have_their_own_messages(tmp_path: Path) -> None:
    first, second = JobQueue("first", tmp_path / "first.db"), JobQueue("second", tmp_path / "second.db")
    first.wake(1)
    first.wake(2)
    second.wake(1)

    assert (2, 1) == (messages(first), messages(second))
    for queue in (first, second):
        queue.close()


def test_a_message_contains_the_id_of_its_job_and_the_time_at_which_it_is_due(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    queue.wake(7)
    queue.wake(8, delay_s=60)
    immediate, delayed = queue._huey.dequeue(), queue._huey.dequeue()

    assert ((7,), None) == (tuple(immediate.args), immediate.eta)
    assert (8,) == tuple(delayed.args)
    assert isinstance(delayed.eta, datetime)
    queue.close()


def test_a_queue_whose_file_is_gone_cannot_be_reached(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    queue.close()
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()

    with pytest.raises(QueueUnreachable, match="The queue q cannot be reached") as raised:
        queue.wake(1)
    assert "within a minute" in raised.value.remedy
