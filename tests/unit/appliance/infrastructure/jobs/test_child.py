"""The child process of a heavy job."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from fakes.job_kinds import Function, Labelled, done_by, kind_of

from appliance.errors import Refused
from appliance.infrastructure.jobs.child import do_job
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.messages import ClockRestarted, Done, Failed, Message, Report
from server.bootstrap import Appliance

HEAVY = kind_of("heavy", heavy=True)
Sent = Callable[[Function], list[Message]]


@pytest.fixture
def job(appliance: Appliance) -> Job:
    return appliance.jobs.create(HEAVY, Labelled(label="WEB"))


@pytest.fixture
def sent(job: Job, tmp_path: Path) -> Sent:
    """Run a job with a function and return the sent messages."""

    def do(function: Function) -> list[Message]:
        messages: list[Message] = []
        do_job(job, lambda: (done_by(HEAVY, function), None, tmp_path), messages.append)
        return messages

    return do


def test_the_function_gets_the_job_and_its_closing_message_is_sent(sent: Sent, job: Job, tmp_path: Path) -> None:
    def work(context: JobContext, arguments: Labelled) -> str:
        (context.folder / "half").write_text("half")
        return f"{arguments.label} in job {context.job.id}"

    assert [Done(f"WEB in job {job.id}")] == sent(work)
    assert (tmp_path / f"job-{job.id}" / "half").exists()


def test_reports_are_rate_limited_except_with_now(sent: Sent) -> None:
    def work(context: JobContext, _arguments: Labelled) -> str:
        for number in range(1_000):
            context.report(number / 1_000, f"verse {number}")
        context.restart_clock(0.5)
        context.report(0.5, "now", now=True)
        return "done"

    first, *others, clock, now, done = sent(work)

    assert (Report(0.0, "verse 0", now=False), ClockRestarted(0.5)) == (first, clock)
    assert len(others) < 100
    assert (Report(0.5, "now", now=True), Done("done")) == (now, done)


def test_an_error_is_sent(sent: Sent) -> None:
    def work(_context: JobContext, _arguments: Labelled) -> str:
        raise Refused("The file is empty.", remedy="Choose another file.")

    (failed,) = sent(work)

    assert isinstance(failed, Failed)
    assert ("appliance.errors.Refused", "The file is empty.") == (failed.classes[0], failed.message)


def test_an_error_at_the_start_is_sent(job: Job) -> None:
    def start() -> NoReturn:
        raise Refused("The settings are wrong.")

    messages: list[Message] = []
    do_job(job, start, messages.append)
    (failed,) = messages

    assert isinstance(failed, Failed)
    assert "The settings are wrong." == failed.message


def test_a_job_can_run_a_program(sent: Sent) -> None:
    def work(context: JobContext, _arguments: Labelled) -> str:
        lines: list[str] = []
        context.run_program(["cat"], timeout_s=20, on_line=lines.append, standard_input="In the beginning")
        return " ".join(lines)

    assert [Done("In the beginning")] == sent(work)
