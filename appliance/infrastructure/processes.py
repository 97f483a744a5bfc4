"""The one way to run another program: an argument list, a time limit, killed with its children."""

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
LOOK_EVERY_S = 0.1
PROBE_S = 5.0


class ProgramFailed(Unavailable):
    """Another program ended with an error, or not in time.

    `status` is its exit status, or minus the number of the signal that ended it; None where it did not end by itself.
    """

    def __init__(self, message: str, *, remedy: str = "", status: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


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
    inherit_environment: bool = True,
    standard_input: str = "",
    most_line_characters: int | None = None,
    niceness: int = 0,
    unwanted: threading.Event | None = None,
) -> Finished:
    """Run a program to its end, handing each line of its output to `on_line`.

    `environment` is added to that of this process, or replaces it without `inherit_environment`. What is secret belongs into
    `standard_input`: every user of the machine can read the arguments of a program. A program whose line is longer than
    `most_line_characters` is ended and has failed.
    The program and its children are ended when `unwanted` is set, when `on_line` raises, and when this process dies.
    Raises ProgramFailed where it cannot start, fails, or takes longer than `timeout_s` seconds; the message holds its
    last line. One that was unwanted has not failed: its status tells.
    """
    if shutil.which(arguments[0]) is None:
        raise ProgramFailed(f"{arguments[0]} could not be started: it is not on this machine.")
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            [*dying_with_parent(), *_nicely(niceness), *arguments],
            stdin=subprocess.PIPE if standard_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
            env={**(os.environ if inherit_environment else {}), **(environment or {})},
            # Not a session: kernels share the cores among sessions first, and niceness counts within one only.
            process_group=0,
        )
    except OSError as error:
        raise ProgramFailed(f"{arguments[0]} could not be started: {error.strerror}.") from error
    expired, over = threading.Event(), threading.Event()
    warden = threading.Thread(
        target=_watch, args=(child.pid, timeout_s, unwanted or threading.Event(), over, expired), daemon=True
    )
    warden.start()
    tail: list[str] = []
    try:
        if child.stdin is not None:
            threading.Thread(target=_feed, args=(child.stdin, standard_input), daemon=True).start()
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in _lines(child.stdout, most_line_characters):
            tail = [*tail[-TAIL_LINES + 1 :], line.rstrip()]
            on_line(line.rstrip())
        returncode = child.wait()
    finally:
        over.set()
        if child.poll() is None:
            end_process_tree(child.pid)
            child.wait()
        # It waits until the whole family is gone.
        warden.join()
    if unwanted is not None and unwanted.is_set():
        return Finished(returncode, tail)
    if expired.is_set():
        raise ProgramTooSlow(f"{arguments[0]} took longer than {timeout_s:.0f} seconds and was ended.")
    if returncode:
        last = next((line for line in reversed(tail) if line.strip()), "no output")
        raise ProgramFailed(f"{Path(arguments[0]).name} ended with status {returncode}: {last}", status=returncode)
    return Finished(returncode, tail)


def _feed(stdin: IO[str], text: str) -> None:
    """In a thread of its own: a program may print before it has read everything."""
    with contextlib.suppress(OSError), stdin:
        stdin.write(text)


def _lines(stdout: IO[str], most_characters: int | None) -> Iterator[str]:
    if most_characters is None:
        yield from stdout
        return
    while line := stdout.readline(most_characters + 1):
        if len(line) > most_characters:
            raise ProgramFailed(f"A program printed a line of more than {most_characters:,} characters and was ended.")
        yield line


def _watch(
    pid: int, timeout_s: float, unwanted: threading.Event, over: threading.Event, expired: threading.Event
) -> None:
    """End a program when its time is over or nobody wants it any more."""
    deadline = time.monotonic() + timeout_s
    while not over.wait(LOOK_EVERY_S):
        if unwanted.is_set() or time.monotonic() > deadline:
            if not unwanted.is_set():
                expired.set()
            end_process_tree(pid)
            # Those too whose parent has gone before them: the group is theirs as long as nobody asked for its status.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            return


@cache
def dying_with_parent() -> tuple[str, ...]:
    """The start of a command line with which the kernel ends a program when the thread that started it is gone.

    Empty where `setpriv` is missing, or does not know the option, as BusyBox's.
    """
    program = shutil.which("setpriv")
    if program is None:
        return ()
    command = (program, "--pdeathsig", "KILL", "--")
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, timeout=PROBE_S, check=False)  # noqa: S603 - as above
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if tried.returncode == 0 else ()


def _nicely(niceness: int) -> tuple[str, ...]:
    # By its whole path: the environment of the program may lack the list of folders.
    program = shutil.which("nice") if niceness else None
    return (program, "-n", str(niceness)) if program else ()


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
