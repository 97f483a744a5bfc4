"""Jobs that measurements and tests give to real workers: small ones, ones of many steps, programs that burn a core.

Each leaves a trace that shows how often it had its effect. They are known to `lampstand worker QUEUE --exercises` only.
"""

import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.jobs.kind import MEDIA, OCR, JobKind
from appliance.infrastructure.jobs.runner import JobContext, Work

NOTE = JobKind(name="exercise-note", short=True)
STEPS = JobKind(name="exercise-steps")
HEAVY_STEPS = JobKind(name="exercise-heavy-steps", heavy=True)
BURN_OCR = JobKind(name="exercise-burn-ocr", queue=OCR)
BURN_MEDIA = JobKind(name="exercise-burn-media", queue=MEDIA)

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
    """Where exercises leave their traces."""
    database = Database(home / "exercises.db", [m001_traces])
    database.migrate()
    return database


def exercises(home: Path) -> Work:
    """What a worker of measurements can do beside its own work."""
    database = traces(home)
    burn = partial(_burn, folder=home / "exercises")
    steps = partial(_steps, database=database)
    return {NOTE: steps, STEPS: steps, HEAVY_STEPS: steps, BURN_OCR: burn, BURN_MEDIA: burn}


def _steps(context: JobContext, arguments: Mapping[str, Any], *, database: Database) -> str:
    """Leave a trace a step, going on after the last one that an earlier attempt left."""
    count, pause = int(arguments.get("steps", 1)), threading.Event()
    done = int(database.reader.value(SELECT_STEPS, (context.job.id,)))
    for step in range(done + 1, count + 1):
        if count > 1:
            context.report((step - 1) / count, f"step {step} of {count}")
            pause.wait(STEP_S)
        with database.write() as work:
            work.execute(INSERT_TRACE, (context.job.id, step))
            work.commit()
    return f"{count} steps"


def _burn(context: JobContext, arguments: Mapping[str, Any], *, folder: Path) -> str:
    """Burn a core for some seconds in a program, whose file appears whole or not at all."""
    folder.mkdir(exist_ok=True)
    context.report(0.0, "burning", now=True)
    half = context.folder / "half"
    context.run_program([sys.executable, "-c", BURN, str(arguments["seconds"]), str(half)], timeout_s=600)
    os.replace(half, folder / f"burnt-{context.job.id}")  # noqa: PTH105 - within one file system, or not at all
    return "burnt"
