"""How many jobs of a queue run side by side in a worker, and which of the slots is kept for short work."""

import threading
from collections.abc import Callable

from appliance.infrastructure.jobs.job import Job


class Lanes:
    """`slots` jobs at once, of which `kept` are never given to long ones."""

    def __init__(self, slots: int, kept: int = 0) -> None:
        self.slots, self._most_long = slots, slots - kept
        self._lock = threading.Lock()
        self._long = self._short = 0

    def take(self, claim: Callable[[bool], Job | None]) -> Job | None:
        """A job, if there is a slot for it; `claim` is told whether it may be a short one only. `leave` gives back the slot."""
        with self._lock:
            if self._long + self._short >= self.slots:
                return None
            job = claim(self._long >= self._most_long)
            if job is not None:
                self._count(job, 1)
            return job

    def leave(self, job: Job) -> None:
        with self._lock:
            self._count(job, -1)

    def _count(self, job: Job, change: int) -> None:
        if job.short:
            self._short += change
        else:
            self._long += change
