"""Huey, met here only: a queue carries job ids as JSON, and a consumer works on them.

Huey deletes a task as it hands it out, so the jobs table is the truth: a sweep at start and every minute offers again
whatever waits there and nobody holds.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from huey import SqliteHuey, crontab
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

POLL_S = 0.1
MAX_POLL_S = 0.25


class _JsonSerializer(Serializer):  # type: ignore[misc] # huey is untyped
    """Messages as JSON: nothing in a queue's file can execute code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(list(data) if isinstance(data, Message) else data)

    def _deserialize(self, data: bytes) -> Any:
        decoded = msgspec.json.decode(data)
        return Message(*decoded) if isinstance(decoded, list) else decoded


class JobQueue:
    """One queue in its own file. `work` is called with a job's id; `sweep` returns the ids to offer again."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._huey = SqliteHuey(name, filename=str(path), serializer=_JsonSerializer(), results=False, timeout=30)
        self._work: Callable[[int], None] = _nobody_works
        self._sweep: Callable[[], list[int]] = list
        self._task = self._huey.task(name="work_on_job")(self._run)
        self._huey.periodic_task(crontab(), name="sweep")(self.sweep)

    def enqueue(self, job_id: int) -> None:
        self._task(job_id)

    def sweep(self) -> None:
        """Offer every due job again; one that was offered twice is claimed once."""
        for job_id in self._sweep():
            self.enqueue(job_id)

    def consume(self, *, work: Callable[[int], None], sweep: Callable[[], list[int]], workers: int = 1) -> None:
        """Work on jobs until this process is asked to end. SIGTERM ends at once, SIGINT after the job in hand."""
        self._work, self._sweep = work, sweep
        self._huey.storage.flush_queue()
        self.sweep()
        Consumer(
            self._huey, workers=workers, initial_delay=POLL_S, max_delay=MAX_POLL_S, check_worker_health=True
        ).run()

    def _run(self, job_id: int) -> None:
        self._work(job_id)


def _nobody_works(job_id: int) -> None:
    raise RuntimeError(f"job {job_id} reached a process that does not consume")
