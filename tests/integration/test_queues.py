"""A queue in a file wakes its consumer, a separate process, immediately or later."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.infrastructure.queue import JobQueue

# There may be a second sweep, at the full minute.
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
    """The next line that a consumer prints; empty after its end."""
    assert consumer.stdout is not None
    return consumer.stdout.readline()


def test_a_consumer_is_woken_immediately_or_after_a_delay(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    with consuming(tmp_path / "q.db") as consumer:
        started_at = time.time()
        queue.wake(1)
        immediate_s = float(next_line(consumer)) - started_at
        started_at = time.time()
        queue.wake(2, delay_s=1.5)
        delayed_s = float(next_line(consumer)) - started_at

    assert immediate_s < 1.5 <= delayed_s + 0.1
    assert delayed_s < 6


def test_messages_from_before_the_start_of_a_consumer_are_dropped(tmp_path: Path) -> None:
    queue = JobQueue("q", tmp_path / "q.db")
    for number in range(50):
        queue.wake(number)
    with consuming(tmp_path / "q.db") as consumer:
        queue.wake(1)
        next_line(consumer)
        time.sleep(0.6)  # time for a message that must not come
        consumer.kill()

        assert "" == next_line(consumer)


@pytest.mark.parametrize("damage", [b"no database" * 1000, b"SQLite format 3\x00" + bytes(5_000)])
def test_a_queue_that_a_power_cut_damaged_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "q.db"
    JobQueue("q", path).close()
    path.write_bytes(damage)
    for ending in ("-wal", "-shm"):
        path.with_name(f"q.db{ending}").unlink(missing_ok=True)
    queue = JobQueue("q", path)
    with consuming(path) as consumer:
        queue.wake(1)
        assert float(next_line(consumer)) > 0


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "postgresql://127.0.0.1:1/none"])
def test_queues_in_files_work_beside_queues_at_an_address(tmp_path: Path, address: str) -> None:
    before = JobQueue("before", tmp_path / "before.db")
    with contextlib.suppress(Exception):  # no server listens there
        JobQueue("elsewhere", tmp_path / "elsewhere.db", address)
    after = JobQueue("after", tmp_path / "after.db")

    for queue in (before, after):
        queue.wake(1)
        queue.close()


def test_a_queue_in_a_file_imports_no_database_client() -> None:
    code = "import sys, appliance.infrastructure.queue; print([name for name in ('psycopg', 'redis') if name in sys.modules])"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == finished.stdout
