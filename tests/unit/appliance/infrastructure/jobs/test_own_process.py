"""Heavy jobs in their own process, from the worker's side: the jobs are real, the process is a small shell script."""

import json
import shlex
from pathlib import Path

import psutil
import pytest
from fakes.job_kinds import Labelled, done_by, kind_of, never

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import Job, JobCancelled, State
from appliance.infrastructure.jobs.kind import JobKind, JobKinds
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.messages import MARK, ClockRestarted, Done, Message, Report, failure_of, line_of
from appliance.infrastructure.jobs.own_process import in_own_process
from appliance.infrastructure.jobs.runner import work_on
from server.bootstrap import Appliance

HEAVY = kind_of("heavy", heavy=True)
LIGHT = kind_of("light")
PAUSE = "exec sleep 60"


@pytest.fixture
def jobs(appliance: Appliance) -> Jobs:
    return appliance.jobs


def heavy_work(script: str, kind: JobKind[Labelled, object] = HEAVY) -> JobKinds[object]:
    return in_own_process(JobKinds([kind]), ["sh", "-c", script])


def says(*messages: Message) -> str:
    """The script of a process that sends messages and ends."""
    return "\n".join(f"printf '%s\\n' {shlex.quote(line_of(message))}" for message in messages)


def work_once(jobs: Jobs, kinds: JobKinds[object], working_folder: Path) -> tuple[Job, list[float]]:
    """Run a new heavy job as a worker does. Returns the job afterwards, and the pauses before its retries."""
    pauses: list[float] = []
    job = jobs.create(HEAVY, Labelled(label="/usr/share/sword"))
    claimed = jobs.claim(job.id, this_process())
    assert claimed is not None
    try:
        work_on(jobs, kinds, None, claimed, this_process(), working_folder=working_folder, on_retry=pauses.append)
    except JobCancelled:
        pass
    except Exception as error:  # noqa: BLE001 - any error is recorded in the job
        assert type(error).__name__ == jobs.get(job.id).error_class
    return jobs.get(job.id), pauses


def test_the_process_gets_the_job_and_returns_its_closing_message(jobs: Jobs, tmp_path: Path) -> None:
    received = tmp_path / "received"
    job, _ = work_once(jobs, heavy_work(f"cat > {received}\n{says(Done('the whole text'))}"), tmp_path)
    sent = json.loads(received.read_bytes())

    assert (State.DONE, "the whole text") == (job.state, job.message)
    assert ("heavy", "/usr/share/sword") == (sent["kind"], sent["arguments"]["label"])


def test_only_heavy_kinds_get_a_process() -> None:
    heavy, light = in_own_process(JobKinds([HEAVY, LIGHT]), ["true"])

    assert ("heavy", "light") == (heavy.name, light.name)
    assert (False, True) == (heavy.function is never, light.function is never)


def test_reports_of_the_process_are_recorded(jobs: Jobs, appliance: Appliance, tmp_path: Path) -> None:
    before = appliance.events.newest()
    reports: list[Message] = [
        Report(0.25, "a quarter", now=True),
        ClockRestarted(0.25),
        Report(0.75, "three quarters", now=True),
    ]
    job, _ = work_once(jobs, heavy_work(says(*reports, Done("whole"))), tmp_path)
    payloads = b" ".join(
        bytes(event.payload) for event in appliance.events.after(before) if event.kind == "job.progress"
    )

    assert b"a quarter" in payloads
    assert b"three quarters" in payloads
    assert 0.25 == job.start_progress
    assert "whole" == job.message


def test_log_lines_of_the_process_are_passed_on_unchanged(
    jobs: Jobs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log_line = '{"event": "a verse was empty", "level": "warning"}'
    script = f"echo '{log_line}' >&2\necho '{MARK}garbage'\n{says(Done('done'))}"
    job, _ = work_once(jobs, heavy_work(script), tmp_path)
    logged = capfd.readouterr().err.splitlines()

    assert State.DONE is job.state
    assert log_line in logged
    assert f"{MARK}garbage" in logged
    assert not [line for line in logged if '"Done"' in line]


def test_a_temporary_failure_is_retried(jobs: Jobs, tmp_path: Path) -> None:
    error = Unavailable("The model runtime is away.", remedy="Is it running?")
    job, pauses = work_once(jobs, heavy_work(says(failure_of(error))), tmp_path)

    assert (State.QUEUED, 1, 1) == (job.state, job.failures, len(pauses))
    assert job.message.startswith("The model runtime is away. Is it running? Retrying in")


def test_any_other_failure_ends_the_job_with_its_class_and_message(jobs: Jobs, tmp_path: Path) -> None:
    class TextFaulty(Refused):
        pass

    error = TextFaulty("The file is empty.", remedy="Choose another file.")
    job, pauses = work_once(jobs, heavy_work(says(failure_of(error))), tmp_path)

    assert (State.FAILED, []) == (job.state, pauses)
    assert ("TextFaulty", "The file is empty. Choose another file.") == (job.error_class, job.error)


def test_a_fault_ends_the_job_and_its_trace_is_logged(
    jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        {"psalm": 23}["no verses"]
    except KeyError as fault:
        failure = failure_of(fault)
    job, _ = work_once(jobs, heavy_work(says(failure)), tmp_path)
    captured = capsys.readouterr()

    assert (State.FAILED, "KeyError") == (job.state, job.error_class)
    assert "no verses" not in (job.error or "")
    assert "test_own_process.py" in captured.out + captured.err


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("kill -9 $$", "was killed (signal 9). The machine may be short of memory."),
        ("kill -11 $$", "was ended (signal 11). Look at the worker's log."),
        ("exit 143", "was ended (signal 15). Look at the worker's log."),
        ("exit 3", "ended with status 3 and no result. Look at the worker's log."),
        ("", "ended with status 0 and no result. Look at the worker's log."),
    ],
)
def test_the_death_of_the_process_is_a_temporary_failure(jobs: Jobs, tmp_path: Path, script: str, ending: str) -> None:
    job, pauses = work_once(jobs, heavy_work(script), tmp_path)

    assert (State.QUEUED, 1) == (job.state, len(pauses))
    assert job.message.startswith(f"The job's process {ending}")


def test_a_process_that_always_dies_is_retried_up_to_the_tries_of_its_kind(jobs: Jobs, tmp_path: Path) -> None:
    once = kind_of("heavy", heavy=True, tries=1, retried=())
    job, pauses = work_once(jobs, heavy_work("kill -9 $$", once), tmp_path)

    assert (State.FAILED, "JobProcessDied", []) == (job.state, job.error_class, pauses)


def test_a_job_is_done_even_if_its_process_dies_after_sending_the_result(jobs: Jobs, tmp_path: Path) -> None:
    job, _ = work_once(jobs, heavy_work(f"{says(Done('done'))}\nkill -11 $$"), tmp_path)

    assert (State.DONE, "done") == (job.state, job.message)


def test_the_error_names_a_missing_command(jobs: Jobs, tmp_path: Path) -> None:
    job, _ = work_once(jobs, in_own_process(JobKinds([HEAVY]), ["no-such-program"]), tmp_path)

    assert job.message.startswith("no-such-program could not be started")


def test_cancelling_ends_the_process(jobs: Jobs, tmp_path: Path) -> None:
    class CancelledAtFirstReport(Jobs):
        def report(self, job_id: int, owner: str, progress: float, message: str, *, log_event: bool = True) -> None:
            jobs.cancel(job_id)
            super().report(job_id, owner, progress, message, log_event=log_event)

    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}\n{says(Report(0.1, 'begun', now=True))}\n{PAUSE}"
    job, pauses = work_once(
        CancelledAtFirstReport(jobs._database, overseers="overseers"), heavy_work(script), tmp_path / "working_folder"
    )

    assert (State.CANCELLED, []) == (job.state, pauses)
    assert not psutil.pid_exists(int(pid.read_text()))


def test_cancelling_ends_a_process_that_reports_nothing(jobs: Jobs, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}\necho begun\n{PAUSE}"
    (heavy,) = heavy_work(script)

    def run_and_cancel(context: JobContext, arguments: Labelled) -> str:
        jobs.cancel(context.job.id)
        return heavy.function(context, arguments, None)

    job, _ = work_once(jobs, done_by(HEAVY, run_and_cancel), tmp_path / "working_folder")

    assert State.CANCELLED is job.state
    assert not pid.exists() or not psutil.pid_exists(int(pid.read_text()))
