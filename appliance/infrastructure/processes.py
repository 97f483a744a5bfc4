"""The one way to run another program: an argument list, a time limit, killed with its children."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import psutil

from appliance.errors import Unavailable

TAIL_LINES = 20
KILL_AFTER_S = 5.0
LOOK_EVERY_S = 0.1


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
    unwanted: threading.Event | None = None,
) -> Finished:
    """Run a program to its end, handing each line of its output to `on_line`.

    The program and its children are ended when `unwanted` is set, when `on_line` raises, and when this process dies.
    Raises ProgramFailed where it cannot start, fails, or takes longer than `timeout_s` seconds; the message holds its
    last line. One that was unwanted has not failed: its status tells.
    """
    if shutil.which(arguments[0]) is None:
        raise ProgramFailed(f"{arguments[0]} could not be started: it is not on this machine.")
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            [*_dying_with_us(), *(["nice", "-n", str(niceness)] if niceness else []), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**os.environ, **(environment or {})},
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
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in child.stdout:
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
        raise ProgramFailed(f"{Path(arguments[0]).name} ended with status {returncode}: {last}")
    return Finished(returncode, tail)


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
def _dying_with_us() -> tuple[str, ...]:
    """What has the kernel end a program when the thread that started it is gone, as where a worker was killed."""
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


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
