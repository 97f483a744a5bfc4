"""A queue wakes its consumer, now or later."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.infrastructure.queue import JobQueue

# A second sweep comes at the full minute, whenever that is.
CONSUMER = """
import sys, time
from pathlib import Path
from appliance.infrastructure.queue import JobQueue
queue = JobQueue("q", Path(sys.argv[1]))
swept = []
def sweep():
    if not swept:
        print("swept", flush=True)
    swept.append(1)
queue.consume(work=lambda: print(f"{time.time():.3f}", flush=True), sweep=sweep)
"""


@contextlib.contextmanager
def consuming(path: Path) -> Iterator[subprocess.Popen[str]]:
    consumer = subprocess.Popen([sys.executable, "-c", CONSUMER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert "swept\n" == next_line(consumer)
        yield consumer
    finally:
        consumer.kill()
        consumer.wait()


def next_line(consumer: subprocess.Popen[str]) -> str:
    """What a consumer prints next; empty once it has ended."""
    assert consumer.stdout is not None
    return consumer.stdout.readline()


def test_a_consumer_is_woken_at_once_and_after_a_while(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    with consuming(tmp_path / "q.db") as consumer:
        began = time.time()
        queue.wake(1)
        at_once = float(next_line(consumer)) - began
        began = time.time()
        queue.wake(2, delay_s=1.5)
        later = float(next_line(consumer)) - began

    assert at_once < 1.5 <= later + 0.1
    assert later < 6


def test_what_was_said_before_a_consumer_starts_is_left_to_its_sweep(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    for number in range(50):
        queue.wake(number)
    with consuming(tmp_path / "q.db") as consumer:
        queue.wake(1)
        next_line(consumer)
        time.sleep(0.6)  # what should not come has to be given its time
        consumer.kill()

        assert "" == next_line(consumer)


@pytest.mark.parametrize("damage", [b"no database" * 1000, b"SQLite format 3\x00" + bytes(5_000)])
def test_a_queue_that_a_power_cut_damaged_is_made_again(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "q.db"
    JobQueue("q", path).close()
    path.write_bytes(damage)
    for ending in ("-wal", "-shm"):
        path.with_name(f"q.db{ending}").unlink(missing_ok=True)
    queue = JobQueue("q", path)
    with consuming(path) as consumer:
        queue.wake(1)
        assert float(next_line(consumer)) > 0


def test_a_whole_queue_keeps_its_messages(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    queue.wake(1)
    queue.close()

    assert 1 == JobQueue("q", tmp_path / "q.db")._huey.storage.queue_size()


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "postgresql://127.0.0.1:1/none"])
def test_queues_in_files_work_beside_queues_at_an_address(tmp_path: Path, address: str) -> None:
    before = JobQueue("before", tmp_path / "before.db")
    with contextlib.suppress(Exception):  # no server listens there
        JobQueue("elsewhere", tmp_path / "elsewhere.db", address)
    after = JobQueue("after", tmp_path / "after.db")

    for queue in (before, after):
        queue.wake(1)
        queue.close()


def test_a_queue_in_a_file_imports_no_client_of_a_server() -> None:
    code = "import sys, appliance.infrastructure.queue; print([each for each in ('psycopg', 'redis') if each in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == found.stdout
