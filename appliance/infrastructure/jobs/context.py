"""What the function of a job is given: a way to report its progress, to run programs, and a folder for temporary files."""

import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.infrastructure.jobs.job import Job, JobCancelled
from appliance.infrastructure.processes import Finished, run_program

NICENESS = 15
# What the libraries of numbers are told: one thread each, since several jobs share few cores with those who read.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")


class JobContext(ABC):
    """What a job function gets: a way to say how far it is, to run programs, and a folder that goes when it ends."""

    def __init__(self, job: Job, workshop: Path) -> None:
        self.job = job
        self._folder = workshop / f"job-{job.id}"
        self.unwanted = threading.Event()

    @abstractmethod
    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        """Say how far the job is (0 to 1) and what it does. Raises JobCancelled when a person asked it to stop.

        Calls may come as often as they like; they are written a few times a second, or at once with `now`.
        """

    @abstractmethod
    def restart_clock(self, progress: float) -> None:
        """Estimate the time left from here on."""

    @property
    def folder(self) -> Path:
        """A folder for what is in the making, perhaps with what an earlier attempt left; it goes when the job is over."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def run_program(
        self,
        arguments: Sequence[str],
        *,
        timeout_s: float,
        on_line: Callable[[str], None] = lambda _line: None,
        environment: Mapping[str, str] | None = None,
        standard_input: str = "",
    ) -> Finished:
        """Run a program at low priority, with one thread for its arithmetic; a cancelled job ends it and its children.

        Raises JobCancelled, and what `run_program` of processes raises.
        """
        finished = run_program(
            arguments,
            timeout_s=timeout_s,
            on_line=on_line,
            niceness=NICENESS,
            environment={**ONE_THREAD, **(environment or {})},
            standard_input=standard_input,
            unwanted=self.unwanted,
        )
        if self.unwanted.is_set():
            raise JobCancelled("Cancelled.")
        return finished

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
