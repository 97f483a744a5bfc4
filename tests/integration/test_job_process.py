"""The process of a heavy job, started as a worker starts it."""

import subprocess

import msgspec

from appliance.infrastructure.backup import BACKUP
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.messages import Done, Failed, Message, read_line
from server.bootstrap import Appliance
from server.exercises import HEAVY_STEPS, SELECT_TRACES, StepsArguments, traces
from server.job_process import command_of


def run_process(command: list[str], job: Job) -> tuple[list[Message], list[str]]:
    """The messages of the process of a job, and the other lines that it printed."""
    text = msgspec.json.encode(job).decode()
    process = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True)
    lines = [read_line(line) for line in process.stdout.splitlines()]
    return [message for _, message in lines if message], [
        text for text, _ in lines if text
    ] + process.stderr.splitlines()


def test_the_process_runs_the_job_from_its_input(appliance: Appliance) -> None:
    job = appliance.dispatcher.create(HEAVY_STEPS, StepsArguments(steps=3))
    messages, others = run_process(command_of(appliance, exercises=True), job)

    assert Done("3 steps") == messages[-1]
    assert [] == others
    assert [(job.id, 3)] == traces(appliance.folder.home).reader.rows(SELECT_TRACES)


def test_a_job_of_an_unknown_kind_fails(appliance: Appliance) -> None:
    job = appliance.dispatcher.create(HEAVY_STEPS)
    (failed,), _ = run_process(command_of(appliance), job)

    assert isinstance(failed, Failed)
    assert "appliance.infrastructure.jobs.kind.JobKindUnknown" == failed.classes[0]


def test_a_data_folder_that_cannot_be_opened_is_reported_as_an_error(appliance: Appliance) -> None:
    job = appliance.dispatcher.create(BACKUP)
    appliance.close()
    appliance.folder.library_db.write_bytes(b"no database" * 1_000)
    (failed,), _ = run_process(command_of(appliance), job)

    assert isinstance(failed, Failed)
    assert "appliance.infrastructure.database_errors.DatabaseDamaged" == failed.classes[0]
