"""The supervisor in its own process, with shell commands as programs: when it starts and stops them, and its exit status."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.paths import DataFolder
from server.left_over import SUPERVISOR, supervisor_of

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
