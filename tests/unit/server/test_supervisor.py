"""The supervisor: when it starts and stops its programs, and its exit status.

The first tests call its decisions. The others run it, with shell commands as programs.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates

from appliance.infrastructure.paths import DataFolder
from server.left_over import SUPERVISOR, supervisor_of
from server.supervisor import ProgramSupervisor, SystemOptions, Waker

WAIT_S = 30
# As `up` does: start the reporter, block the signals, become the supervisor.
BECOME = f"""
import os, signal, sys
home, report = sys.argv[1:]
reporter = os.fork()
if not reporter:
    os.execvp("sh", ["sh", "-c", report])
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
os.execv(sys.executable, [sys.executable, "-P", "-m", {SUPERVISOR!r}, home, str(reporter)])
"""
CONFIGURATION = """
[supervisord]
nodaemon=true
silent=true
logfile={run}/log
pidfile={pid}

[program:web]
command=sleep 600
priority=2

[program:worker]
command=sleep 601
autostart=false
priority=2

[program:models]
command=sleep 602
autostart=false
priority=1
"""
FIRST, ALL = {"600"}, {"600", "601", "602"}

Start = Callable[[str], subprocess.Popen[bytes]]
REPORTER, OTHER = 4711, 4712


class FakeGroup:
    """A group of one program. A slow program does not stop at once."""

    def __init__(self, name: str, priority: int = 1, *, slow: bool = False) -> None:
        self.config = SimpleNamespace(name=name, priority=priority)
        self.program = SimpleNamespace(config=SimpleNamespace(autostart=False))
        self.processes = {name: self.program}
        self.is_running, self.is_stopping, self._slow = True, False, slow

    def stop_all(self) -> None:
        self.is_stopping, self.is_running = True, self._slow

    def get_unstopped_processes(self) -> list[SimpleNamespace]:
        return [self.program] if self.is_running else []


class EndedChildren:
    """The children that have ended, in order: (process number, wait status). It replaces the system's list."""

    def __init__(self, *ended: tuple[int, int]) -> None:
        self._ended = list(ended)

    def next(self) -> tuple[int | None, int | None]:
        return self._ended.pop(0) if self._ended else (None, None)


@pytest.fixture(autouse=True)
def _signal_wakeup() -> Iterator[None]:
    """The waker of a supervisor gets this process's signals. Afterwards, nothing does."""
    yield
    signal.set_wakeup_fd(-1)


def supervise(
    monkeypatch: pytest.MonkeyPatch, *ended: tuple[int, int], groups: tuple[FakeGroup, ...] = ()
) -> ProgramSupervisor:
    """A supervisor whose children have ended with these wait statuses."""
    monkeypatch.setattr(ServerOptions, "waitpid", EndedChildren(*ended).next)
    supervisor = ProgramSupervisor(SystemOptions(REPORTER))
    supervisor.options.logger = SimpleNamespace(info=lambda _line: None)
    supervisor.process_groups = {group.config.name: group for group in groups}
    return supervisor


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "home").create()
    text = CONFIGURATION.format(run=folder.run, pid=folder.supervisor_pid)
    folder.supervisor_configuration.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def start(folder: DataFolder) -> Iterator[Start]:
    """Start the supervisor with a shell command as the reporter."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(report: str) -> subprocess.Popen[bytes]:
        processes.append(subprocess.Popen([sys.executable, "-c", BECOME, str(folder.home), report]))
        return processes[-1]

    yield run
    for process in processes:
        process.terminate()
        process.wait(timeout=WAIT_S)


def programs(process: subprocess.Popen[bytes]) -> set[str]:
    """The running programs, each identified by its sleep time."""
    numbers: set[str] = set()
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            line = child.cmdline()
            numbers.update(line[1:] if line[:1] == ["sleep"] else ())
    return numbers


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT_S} s for {what}"
        time.sleep(0.02)  # another process's progress: there is no event to wait on from here


def test_later_programs_may_start_when_the_first_page_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    web, worker = FakeGroup("web"), FakeGroup("worker")
    supervisor = supervise(monkeypatch, (REPORTER, 0), groups=(web, worker))
    supervisor.reap()

    assert [True, True] == [group.program.config.autostart for group in (web, worker)]
    assert SupervisorStates.RUNNING == supervisor.options.mood


def test_the_end_of_another_program_is_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = FakeGroup("worker")
    supervisor = supervise(monkeypatch, (OTHER, 0), groups=(worker,))
    supervisor.reap()

    assert not worker.program.config.autostart
    assert supervisor.options.report_status is None


def test_a_report_of_failure_stops_everything_and_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = FakeGroup("worker")
    supervisor = supervise(monkeypatch, (REPORTER, 6 << 8), groups=(worker,))
    supervisor.reap()

    assert (SupervisorStates.SHUTDOWN, 6) == (supervisor.options.mood, supervisor.options.report_status)
    assert not worker.program.config.autostart


def test_a_killed_reporter_does_not_stop_the_web_server(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = FakeGroup("worker")
    supervisor = supervise(monkeypatch, (REPORTER, signal.SIGKILL), groups=(worker,))
    supervisor.reap()

    assert SupervisorStates.RUNNING == supervisor.options.mood
    assert worker.program.config.autostart


def test_a_report_counts_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = FakeGroup("worker")
    supervisor = supervise(monkeypatch, (REPORTER, 0), groups=(worker,))
    supervisor.reap()
    worker.program.config.autostart = False
    supervisor.reap()

    assert not worker.program.config.autostart


def test_the_reporter_is_not_reported_as_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    options = supervise(monkeypatch, (REPORTER, 0), (OTHER, 1 << 8)).options

    assert (OTHER, 1 << 8) == options.waitpid()
    assert (None, None) == options.waitpid()
    assert 0 == options.report_status


def test_the_programs_of_the_highest_priority_stop_together(monkeypatch: pytest.MonkeyPatch) -> None:
    models, web, worker = FakeGroup("models", 1), FakeGroup("web", 2), FakeGroup("worker", 2)
    supervisor = supervise(monkeypatch)
    supervisor.stop_groups = [models, web, worker]
    supervisor.ordered_stop_groups_phase_1()
    supervisor.ordered_stop_groups_phase_2()

    assert [True, False, False] == [group.is_running for group in (models, web, worker)]
    assert [models] == supervisor.stop_groups


def test_the_next_programs_stop_only_after_a_slow_one_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    models, web, worker = FakeGroup("models", 1), FakeGroup("web", 2), FakeGroup("worker", 2, slow=True)
    supervisor = supervise(monkeypatch)
    supervisor.stop_groups = [models, web, worker]
    for _ in range(2):
        supervisor.ordered_stop_groups_phase_1()
        supervisor.ordered_stop_groups_phase_2()
    assert (False, [models, worker]) == (models.is_stopping, supervisor.stop_groups)

    worker.is_running = False
    supervisor.ordered_stop_groups_phase_2()
    supervisor.ordered_stop_groups_phase_1()
    assert not models.is_running


def test_without_programs_nothing_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = supervise(monkeypatch)
    supervisor.ordered_stop_groups_phase_1()
    supervisor.ordered_stop_groups_phase_2()

    assert [] == supervisor.stop_groups


def is_awake(waker: Waker) -> bool:
    return bool(select.select([waker.fileno], [], [], 0)[0])


def test_the_loop_does_not_wait_at_the_start() -> None:
    waker = Waker()

    assert is_awake(waker)
    waker.handle_read_event()
    assert not is_awake(waker)


def test_a_signal_wakes_the_loop() -> None:
    waker = Waker()
    waker.handle_read_event()
    former = signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, former)

    assert is_awake(waker)


def test_a_full_pipe_does_not_block_the_supervisor() -> None:
    waker = Waker()
    # More than the 65,536 bytes of a pipe.
    for _ in range(70_000):
        waker.wake()

    assert is_awake(waker)


def test_a_reporter_that_still_waits_is_stopped() -> None:
    reporter = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    SystemOptions(reporter.pid).end_reporter()

    assert not psutil.pid_exists(reporter.pid)
    reporter.communicate()


def test_later_programs_start_after_the_report_and_the_reporter_is_gone(folder: DataFolder, start: Start) -> None:
    fifo = folder.run / "go on"
    os.mkfifo(fifo)
    process = start(f"read line < '{fifo}'")
    wait_for(lambda: programs(process) == FIRST, "the first program")
    assert process.pid == supervisor_of(folder)
    fifo.write_text("served\n", encoding="utf-8")
    wait_for(lambda: programs(process) == ALL, "the later programs")

    assert 3 == len(psutil.Process(process.pid).children())


def test_a_report_of_failure_ends_everything_with_its_status(folder: DataFolder, start: Start) -> None:
    fifo = folder.run / "go on"
    os.mkfifo(fifo)
    process = start(f"read line < '{fifo}'; exit 6")
    wait_for(lambda: programs(process) == FIRST, "the first program")
    fifo.write_text("failed\n", encoding="utf-8")

    assert 6 == process.wait(timeout=WAIT_S)


def test_programs_start_if_the_reporter_was_killed(start: Start) -> None:
    process = start("kill -9 $$")
    wait_for(lambda: programs(process) == ALL, "the later programs")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_with_status_0(folder: DataFolder, start: Start, number: signal.Signals) -> None:
    process = start("exit 0")
    wait_for(lambda: programs(process) == ALL, "the programs")
    children = psutil.Process(process.pid).children()
    process.send_signal(number)

    assert 0 == process.wait(timeout=WAIT_S)
    assert [] == [child for child in children if child.is_running()]
    log = (folder.run / "log").read_text(encoding="utf-8")
    assert log.index("stopped: worker") < log.index("stopped: models")


def test_a_signal_before_the_handlers_are_set_is_not_lost(start: Start) -> None:
    process = start("exec sleep 599")
    wait_for(lambda: SUPERVISOR in psutil.Process(process.pid).cmdline(), "the supervisor")
    children = psutil.Process(process.pid).children()
    process.terminate()

    assert 0 == process.wait(timeout=WAIT_S)
    assert [] == [child for child in children if child.is_running()]
