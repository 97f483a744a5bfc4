"""The one way to run another program: an argument list, a time limit, killed with its children."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from appliance.errors import Unavailable

TAIL_LINES = 20
KILL_AFTER_S = 5.0


class ProgramFailed(Unavailable):
    """Another program ended with an error, or not in time."""


class ProgramTooSlow(ProgramFailed):
    """Another program was ended because its time was over."""


class Finished(msgspec.Struct, frozen=True):
    """What a program left: its exit status and the last lines it printed."""

    returncode: int
    tail: list[str]


def run_program(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    on_line: Callable[[str], None] = lambda _line: None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    niceness: int = 0,
) -> Finished:
    """Run a program to its end, handing each line of its output to `on_line`.

    An exception from `on_line` (a cancelled job) ends the program. Raises ProgramFailed where it cannot start, fails,
    or takes longer than `timeout_s` seconds; the message holds its last line.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            ["nice", "-n", str(niceness), *arguments] if niceness else list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailed(f"{arguments[0]} could not be started: {error.strerror}.") from error
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        end_process_tree(child.pid)

    timer = threading.Timer(timeout_s, expire)
    timer.start()
    tail: list[str] = []
    try:
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in child.stdout:
            tail = [*tail[-TAIL_LINES + 1 :], line.rstrip()]
            on_line(line.rstrip())
        returncode = child.wait()
    finally:
        timer.cancel()
        if child.poll() is None:
            end_process_tree(child.pid)
            child.wait()
    if expired.is_set():
        # The timer's thread waits until the whole family is gone.
        timer.join()
        raise ProgramTooSlow(f"{arguments[0]} took longer than {timeout_s:.0f} seconds and was ended.")
    if returncode:
        last = next((line for line in reversed(tail) if line.strip()), "no output")
        raise ProgramFailed(f"{Path(arguments[0]).name} ended with status {returncode}: {last}")
    return Finished(returncode, tail)


def end_process_tree(pid: int) -> None:
    """Ask a process and all its children to end; after five seconds, end them."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=KILL_AFTER_S)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
