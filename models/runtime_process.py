"""Start a model runtime on this machine, as a process that continues to run when its parent exits."""

import os
import select
import subprocess
import sys
from enum import Enum, auto
from pathlib import Path

START_TIMEOUT_S = 60.0


class StartOutcome(Enum):
    """The outcome of a start: the runtime listens, it exited because another runtime already has the socket, or it failed."""

    LISTENING = auto()
    LEFT_TO_ANOTHER = auto()
    FAILED = auto()


def start_runtime(folder: Path, socket: Path, idle_exit_s: float) -> StartOutcome:
    """Start a runtime for a models folder on a socket, and wait until the runtime listens or exits.

    The runtime exits after `idle_exit_s` seconds without a request. Its output goes to `log_file`.
    """
    read_end, write_end = os.pipe()
    command = [
        sys.executable,
        "-P",
        "-m",
        "models.cli",
        "serve",
        "--folder",
        str(folder),
        "--socket",
        str(socket),
        "--idle-exit",
        str(idle_exit_s),
        "--ready-fd",
        str(write_end),
    ]
    log = log_file(folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of this package
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        os.close(write_end)
        # The runtime writes a byte into the pipe when it listens. If it exits before that, the pipe closes.
        readable, _, _ = select.select([read_end], [], [], START_TIMEOUT_S)
        if not readable:
            return StartOutcome.FAILED
        if os.read(read_end, 1):
            return StartOutcome.LISTENING
        return StartOutcome.FAILED if process.wait() else StartOutcome.LEFT_TO_ANOTHER
    finally:
        os.close(read_end)


def log_file(folder: Path) -> Path:
    """Return the path of the log file of the runtime that serves a models folder."""
    return folder.absolute().parent / "logs" / "models.log"
