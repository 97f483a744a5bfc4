"""The context of a running job: it reports progress, runs programs, and has a folder for temporary files."""

import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.infrastructure.jobs.job import Job, JobCancelled
from appliance.infrastructure.processes import Finished, run_program

NICENESS = 15
# Numeric libraries use one thread per job, because several jobs and the web server share few cores.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")


class JobContext(ABC):
    """The first argument of a job function: it reports progress, runs programs, and has a folder for temporary files."""

    def __init__(self, job: Job, working_folder: Path) -> None:
        self.job = job
        self._folder = working_folder / f"job-{job.id}"
        self.stopping = threading.Event()

    @abstractmethod
    def report(self, progress: float, message: str, *, now: bool = False) -> None:
        """Report progress (0 to 1) and the current step. Raises JobCancelled when a user has cancelled the job.

        Call this as often as you like: reports are written a few times per second. If `now` is true, the report is written
        immediately.
        """

    @abstractmethod
    def restart_clock(self, progress: float) -> None:
        """Estimate the remaining time only from the progress after this call."""

    @property
    def folder(self) -> Path:
        """The job's working directory. It can contain files of an earlier attempt, and is deleted when the job ends."""
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
        """Run a program at low priority, with one numeric thread. If the job is cancelled, the program and its children end.

        Raises JobCancelled, and the errors of `processes.run_program`.
        """
        finished = run_program(
            arguments,
            timeout_s=timeout_s,
            on_line=on_line,
            niceness=NICENESS,
            environment={**ONE_THREAD, **(environment or {})},
            standard_input=standard_input,
            stop=self.stopping,
        )
        if self.stopping.is_set():
            raise JobCancelled("Cancelled.")
        return finished

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
