"""The slots of a worker: how many jobs run at the same time, and how many of the slots are reserved for short jobs."""

import threading
from collections.abc import Callable

from appliance.infrastructure.jobs.job import Job


class Lanes:
    """Slots for running jobs. `reserved` slots are never given to long jobs."""

    def __init__(self, slots: int, reserved: int = 0) -> None:
        self.slots, self._max_long = slots, slots - reserved
        self._lock = threading.Lock()
        self._long = self._short = 0

    def take(self, claim: Callable[[bool], Job | None]) -> Job | None:
        """Claim a job if a slot is free. `claim(short_only)` claims the job. `release` frees the slot later."""
        with self._lock:
            if self._long + self._short >= self.slots:
                return None
            job = claim(self._long >= self._max_long)
            if job is not None:
                self._count(job, 1)
            return job

    def release(self, job: Job) -> None:
        with self._lock:
            self._count(job, -1)

    def _count(self, job: Job, change: int) -> None:
        if job.short:
            self._short += change
        else:
            self._long += change
