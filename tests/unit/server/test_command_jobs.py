"""A program that runs as a job."""

import sys
from pathlib import Path

import pytest

from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.infrastructure.jobs.runner import run_job
from appliance.infrastructure.processes import ProgramFailed
from server.bootstrap import Appliance
from server.command_jobs import COMMAND, TrackedCommand


def run(appliance: Appliance, script: str, reports: list[tuple[float, str]], folder: Path) -> Job:
    arguments = TrackedCommand(title="Install", command=[sys.executable, "-c", script])
    job = appliance.jobs.create(COMMAND, arguments)
    kinds = JobKinds([COMMAND])
    return run_job(
        appliance.jobs,
        kinds,
        None,
        job.id,
        working_folder=folder,
        on_report=lambda share, text: reports.append((share, text)),
    )


def test_the_output_is_printed_and_lines_with_numbers_set_the_progress(
    appliance: Appliance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports: list[tuple[float, str]] = []
    script = "print('[5/10] Building a.c'); print('warning: nothing'); print('[ 80%] Linking'); print('Installing it')"
    job = run(appliance, script, reports, tmp_path)

    assert (State.DONE, "Install") == (job.state, job.title)
    assert [(0.5, "[5/10] Building a.c"), (0.8, "[ 80%] Linking"), (0.8, "Installing it")] == reports[1:]
    assert "warning: nothing\n" in capsys.readouterr().out


def test_the_job_of_a_failed_program_fails(appliance: Appliance, tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed):
        run(appliance, "raise SystemExit(3)", [], tmp_path)

    assert [State.FAILED] == [job.state for job in appliance.jobs.latest()]
