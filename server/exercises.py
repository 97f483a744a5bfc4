"""Jobs for measurements and tests with real workers: small jobs, jobs of many steps, programs that keep a core busy.

Each job writes traces, which show how often the job took effect. Only `lampstand worker QUEUE --exercises` runs these jobs.
"""

import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from appliance.infrastructure.atomic import move_into_place
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import MEDIA, OCR, JobKind
from appliance.infrastructure.paths import DataFolder

CREATE_TRACES = (
    "CREATE TABLE traces (job INTEGER NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (job, step)) WITHOUT ROWID"
)
INSERT_TRACE = "INSERT INTO traces (job, step) VALUES (?, ?)"
SELECT_STEPS = "SELECT coalesce(max(step), 0) FROM traces WHERE job = ?"
SELECT_TRACES = "SELECT job, count(*) FROM traces GROUP BY job"
BURN = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: sum(range(20_000))\nopen(sys.argv[2], 'w').write('burnt')"
STEP_S = 0.02


def m001_traces(work: UnitOfWork) -> None:
    work.execute(CREATE_TRACES)


def traces(home: Path) -> Database:
    """Open the database of traces."""
    database = Database(home / "exercises.db", [m001_traces])
    database.migrate()
    return database


def start_worker(home: Path, queue: str) -> "subprocess.Popen[bytes]":
    """Start a worker process for a queue, with the kinds of jobs of this module."""
    command = [str(Path(sys.executable).with_name("lampstand")), "--home", str(home), "--log-level", "error"]
    return subprocess.Popen(  # noqa: S603 - our own command
        [*command, "worker", queue, "--exercises"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


class StepsArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The number of steps. `number` distinguishes jobs with equal steps."""

    steps: int = 1
    number: int = 0


class BurnArguments(msgspec.Struct, frozen=True, kw_only=True):
    """How long to keep a core busy. `number` distinguishes jobs with equal times."""

    seconds: float
    number: int = 0


class ExerciseParts(Protocol):
    """The parts of the appliance that exercises need."""

    @property
    def folder(self) -> DataFolder: ...


def take_steps(context: JobContext, arguments: StepsArguments, parts: ExerciseParts) -> str:
    """Write one trace per step. Continue after the last trace of an earlier attempt."""
    database, pause = _opened(parts.folder.home), threading.Event()
    done = int(database.reader.value(SELECT_STEPS, (context.job.id,)))
    for step in range(done + 1, arguments.steps + 1):
        if arguments.steps > 1:
            context.report((step - 1) / arguments.steps, f"step {step} of {arguments.steps}")
            pause.wait(STEP_S)
        with database.write() as work:
            work.execute(INSERT_TRACE, (context.job.id, step))
    return f"{arguments.steps} steps"


@cache
def _opened(home: Path) -> Database:
    return traces(home)


def burn(context: JobContext, arguments: BurnArguments, parts: ExerciseParts) -> str:
    """Keep a core busy for some seconds in a child process. The file that the process writes appears complete or not at all."""
    folder = parts.folder.home / "exercises"
    folder.mkdir(exist_ok=True)
    context.report(0.0, "burning", now=True)
    unfinished = context.folder / "unfinished"
    context.run_program([sys.executable, "-c", BURN, str(arguments.seconds), str(unfinished)], timeout_s=600)
    move_into_place(unfinished, folder / f"burnt-{context.job.id}")
    return "burnt"


NOTE = JobKind("exercise-note", take_steps, title="A small job", arguments=StepsArguments, short=True)
STEPS = JobKind("exercise-steps", take_steps, title="Take steps", arguments=StepsArguments)
HEAVY_STEPS = JobKind("exercise-heavy-steps", take_steps, title="Take steps", arguments=StepsArguments, heavy=True)
BURN_OCR = JobKind("exercise-burn-ocr", burn, title="Burn a core", arguments=BurnArguments, queue=OCR)
BURN_MEDIA = JobKind("exercise-burn-media", burn, title="Burn a core", arguments=BurnArguments, queue=MEDIA)
EXERCISES: tuple[JobKind[Any, ExerciseParts], ...] = (NOTE, STEPS, HEAVY_STEPS, BURN_OCR, BURN_MEDIA)
