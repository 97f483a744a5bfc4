"""The supervisor: when it starts and stops its programs, and its exit status. These tests call its decisions."""

import select
import signal
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates

from server.supervisor import ProgramSupervisor, SystemOptions, Waker

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
