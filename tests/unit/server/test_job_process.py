"""The program of a heavy job: it reads the job from standard input, and prints its messages. It runs in this process."""

import io
import signal
import sys
from collections.abc import Iterator

import msgspec
import pytest

from appliance.infrastructure.backup import BACKUP
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.kind import JobKindUnknown
from appliance.infrastructure.jobs.messages import Done, Failed, Message, read_line
from server.bootstrap import Appliance
from server.exercises import HEAVY_STEPS, SELECT_TRACES, StepsArguments, traces
from server.job_process import all_kinds, command_of, main


@pytest.fixture(autouse=True)
def _signal_handler() -> Iterator[None]:
    """The program handles SIGTERM. Afterwards, the tests do."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


class Program:
    """Runs the program of a job with the arguments of its command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._captured = monkeypatch, captured

    def run(self, command: list[str], job: Job) -> list[Message]:
        """Return the messages that the program prints."""
        arguments = command[command.index("server.job_process") :]
        self._monkeypatch.setattr(sys, "argv", arguments)
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(msgspec.json.encode(job))))
        main()
        lines = [read_line(line) for line in self._captured.readouterr().out.splitlines()]
        return [message for _, message in lines if message]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(monkeypatch, capsys)


def test_the_program_runs_the_job_from_its_input(appliance: Appliance, program: Program) -> None:
    job = appliance.dispatcher.create(HEAVY_STEPS, StepsArguments(steps=3))

    assert Done("3 steps") == program.run(command_of(appliance, exercises=True), job)[-1]
    assert [(job.id, 3)] == traces(appliance.folder.home).reader.rows(SELECT_TRACES)


def test_a_job_of_an_unknown_kind_fails(appliance: Appliance, program: Program) -> None:
    job = appliance.dispatcher.create(HEAVY_STEPS)
    (failed,) = program.run(command_of(appliance), job)

    assert isinstance(failed, Failed)
    assert "appliance.infrastructure.jobs.kind.JobKindUnknown" == failed.classes[0]


def test_a_data_folder_that_cannot_be_opened_is_reported_as_an_error(appliance: Appliance, program: Program) -> None:
    job = appliance.dispatcher.create(BACKUP)
    command = command_of(appliance)
    appliance.close()
    appliance.folder.library_db.write_bytes(b"no database" * 1_000)
    (failed,) = program.run(command, job)

    assert isinstance(failed, Failed)
    assert "appliance.infrastructure.database_errors.DatabaseDamaged" == failed.classes[0]


def test_the_jobs_of_measurements_are_unknown_without_their_option() -> None:
    assert HEAVY_STEPS == all_kinds(exercises=True).named(HEAVY_STEPS.name)
    with pytest.raises(JobKindUnknown):
        all_kinds(exercises=False).named(HEAVY_STEPS.name)
