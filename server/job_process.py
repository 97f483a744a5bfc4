"""The process of one heavy job. A worker starts `python -m server.job_process`, which reads the job from standard input."""

import argparse
import signal
import sys
from pathlib import Path

import msgspec

from appliance.infrastructure.jobs.child import do_job
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.infrastructure.jobs.messages import Message, line_of
from appliance.infrastructure.logs import configure_logging
from server.bootstrap import Appliance, open_appliance
from server.job_kinds import KINDS


def command_of(appliance: Appliance, *, exercises: bool = False) -> list[str]:
    """Return the command line that runs a job of a data folder. With `exercises`, it can also run the jobs of measurements."""
    options = ["--home", str(appliance.folder.home), "--log-level", appliance.settings.log_level]
    return [sys.executable, "-P", "-m", "server.job_process", *options, *(["--exercises"] if exercises else [])]


def all_kinds(*, exercises: bool) -> JobKinds[Appliance]:
    """The kinds of jobs that a worker runs; with `exercises`, also the kinds of jobs for measurements."""
    if not exercises:
        return KINDS
    from server.exercises import EXERCISES

    return KINDS.with_more(EXERCISES)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--log-level", required=True)
    parser.add_argument("--exercises", action="store_true")
    options = parser.parse_args()
    # Exit normally, so that temporary files are removed.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # standard output is always a text stream here
    configure_logging(options.log_level)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)

    def start() -> tuple[JobKinds[Appliance], Appliance, Path]:
        appliance = open_appliance(options.home, log_level=options.log_level)
        return all_kinds(exercises=options.exercises), appliance, appliance.folder.working_folder

    do_job(job, start, _send)


def _send(message: Message) -> None:
    sys.stdout.write(f"{line_of(message)}\n")


if __name__ == "__main__":
    main()
