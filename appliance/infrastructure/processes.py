"""Runs other programs, with an argument list, a time limit, and clean-up of all child processes."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import msgspec
import psutil

from appliance.errors import Unavailable

TAIL_LINES = 20
KILL_AFTER_S = 5.0
POLL_EVERY_S = 0.1
PROBE_S = 5.0


class ProgramFailed(Unavailable):
    """Another program failed or took too long.

    `status` is the exit status of the program. If a signal ended the program, it is minus the number of the signal. It is
    None if Lampstand ended the program or could not start it.
    """

    def __init__(self, message: str, *, remedy: str = "", status: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class ProgramTooSlow(ProgramFailed):
    """Lampstand ended another program because it took too long."""


class Finished(msgspec.Struct, frozen=True):
    """The result of a program: its exit status and its last lines of output."""

    returncode: int
    tail: list[str]


def run_program(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    on_line: Callable[[str], None] = lambda _line: None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    inherit_environment: bool = True,
    standard_input: str = "",
    max_line_characters: int | None = None,
    niceness: int = 0,
    stop: threading.Event | None = None,
) -> Finished:
    """Run a program to its end, and call `on_line` with each line of its output.

    `environment` is added to the environment of this process. If `inherit_environment` is false, it replaces that
    environment. Pass secrets in `standard_input`, because every user of the machine can read the arguments of a program.
    If a program prints a line of more than `max_line_characters`, it is ended and has failed.
    The program and its children are ended when `stop` is set, when `on_line` raises an error, and when this process dies.
    Raises ProgramFailed if the program cannot start, fails, or takes longer than `timeout_s` seconds. The message contains
    the last line of the program. If `stop` ended the program, this function raises nothing and returns the exit status.
    """
    if shutil.which(arguments[0]) is None:
        raise ProgramFailed(f"{arguments[0]} could not be started: it is not installed.")
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            [*dying_with_parent(), *_nice_command(niceness), *arguments],
            stdin=subprocess.PIPE if standard_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
            env={**(os.environ if inherit_environment else {}), **(environment or {})},
            # The child does not get a new session: kernels share the cores between sessions first, and niceness applies
            # only within one session.
            process_group=0,
        )
    except OSError as error:
        raise ProgramFailed(f"{arguments[0]} could not be started: {error.strerror}.") from error
    expired, ended = threading.Event(), threading.Event()
    watchdog = threading.Thread(
        target=_watch, args=(child.pid, timeout_s, stop or threading.Event(), ended, expired), daemon=True
    )
    watchdog.start()
    tail: list[str] = []
    try:
        if child.stdin is not None:
            threading.Thread(target=_feed, args=(child.stdin, standard_input), daemon=True).start()
        assert child.stdout is not None  # noqa: S101 - stdout is a PIPE
        for line in _lines(child.stdout, max_line_characters):
            tail = [*tail[-TAIL_LINES + 1 :], line.rstrip()]
            on_line(line.rstrip())
        returncode = child.wait()
    finally:
        ended.set()
        if child.poll() is None:
            end_process_tree(child.pid)
            child.wait()
        # The watchdog waits until all child processes have ended.
        watchdog.join()
    if stop is not None and stop.is_set():
        return Finished(returncode, tail)
    if expired.is_set():
        raise ProgramTooSlow(f"{arguments[0]} took longer than {timeout_s:.0f} seconds and was ended.")
    if returncode:
        last_line = next((line for line in reversed(tail) if line.strip()), "no output")
        raise ProgramFailed(f"{Path(arguments[0]).name} ended with status {returncode}: {last_line}", status=returncode)
    return Finished(returncode, tail)


def _feed(stdin: IO[str], text: str) -> None:
    """Write to standard input. This runs in a thread of its own, because a program may print before it has read its input."""
    with contextlib.suppress(OSError), stdin:
        stdin.write(text)


def _lines(stdout: IO[str], max_characters: int | None) -> Iterator[str]:
    if max_characters is None:
        yield from stdout
        return
    while line := stdout.readline(max_characters + 1):
        if len(line) > max_characters:
            raise ProgramFailed(f"A program printed a line of more than {max_characters:,} characters and was ended.")
        yield line


def _watch(pid: int, timeout_s: float, stop: threading.Event, ended: threading.Event, expired: threading.Event) -> None:
    """End a program after its time limit, or when `stop` is set."""
    deadline = time.monotonic() + timeout_s
    while not ended.wait(POLL_EVERY_S):
        if stop.is_set() or time.monotonic() > deadline:
            if not stop.is_set():
                expired.set()
            end_process_tree(pid)
            # Children are ended even if their parent has already ended. The group id cannot be reused before `child.wait`.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            return


@cache
def dying_with_parent() -> tuple[str, ...]:
    """Return a command prefix. With this prefix, the kernel ends a program when the thread that started it has ended.

    The prefix is empty if `setpriv` is missing or does not support the option, as in BusyBox.
    """
    program = shutil.which("setpriv")
    if program is None:
        return ()
    command = (program, "--pdeathsig", "KILL", "--")
    try:
        probe = subprocess.run([*command, "true"], capture_output=True, timeout=PROBE_S, check=False)  # noqa: S603 - as above
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if probe.returncode == 0 else ()


def _nice_command(niceness: int) -> tuple[str, ...]:
    # The full path is used, because the program's environment may have no PATH.
    program = shutil.which("nice") if niceness else None
    return (program, "-n", str(niceness)) if program else ()


def end_process_tree(pid: int) -> None:
    """Send SIGTERM to a process and all its children; after five seconds, kill them."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        processes = [*parent.children(recursive=True), parent]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(processes, timeout=KILL_AFTER_S)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
