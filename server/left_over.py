"""Processes of a data folder that lost their supervisor, and processes that have a file of it open."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from appliance.infrastructure.paths import DataFolder

# In the environment of each process of `up`, and of what it starts: the data folder that it serves.
SERVES = "LAMPSTAND_SUPERVISED_HOME"
SUPERVISOR = "server.supervisor"
_NAMES = {"serve": "web server", "up": "lampstand up", "server.job_process": "job", SUPERVISOR: "process manager"}
TERMINATE_S, KILL_S = 10.0, 5.0
# A runtime that died is listening again in 2 to 5 seconds.
RESTART_S = 15.0


def environment_of(folder: DataFolder) -> dict[str, str]:
    """What the supervised processes of a folder are told apart by."""
    return {SERVES: str(folder.home)}


def left_over(folder: DataFolder) -> list[psutil.Process]:
    """This user's processes that serve the folder and that nothing supervises, the oldest first.

    To be asked by the process that holds the lock of `up`: the supervised processes of another `up` look the same. A
    model runtime that a command started on demand counts too, since it holds the socket of the supervised one.
    """
    serving = [
        process
        for process in _own_processes()
        if (_serves(process, folder) or _is_runtime_on_demand(process, folder)) and _sees(process, folder)
    ]
    return sorted(serving, key=lambda process: process.create_time())


def end_left_over(folder: DataFolder) -> list[str]:
    """End the processes that `left_over` finds. Returns their names, for people."""
    family = left_over(folder)
    names = [f"{_name(process)} (process {process.pid})" for process in family]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=TERMINATE_S)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=KILL_S)
    return names


def supervisor_of(folder: DataFolder) -> int | None:
    """The process that supervises the folder's processes, or None where `up` does not run."""
    try:
        process = psutil.Process(int(folder.supervisor_pid.read_text(encoding="utf-8")))
        line = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    supervises = SUPERVISOR in line and str(folder.home) in line and _sees(process, folder)
    return process.pid if supervises else None


def runtime_patience(folder: DataFolder) -> float | None:
    """Seconds to wait for the folder's model runtime where something else starts it; None where a client starts it.

    `up` restarts its own. In a folder that can only be read, none can be started.
    """
    if not folder.is_writable:
        return 0.0
    return RESTART_S if supervisor_of(folder) else None


def users_of(path: Path) -> list[int]:
    """The other processes that have a file open, by whatever path: this user's, and for root those of all users."""
    try:
        file = path.stat()
    except FileNotFoundError:
        return []
    return [process.pid for process in _other_processes() if _has_open(process, file)]


def _has_open(process: psutil.Process, file: os.stat_result) -> bool:
    # psutil names open files by the path that the other process sees, which differs in a container.
    try:
        handles = list(Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:
        return False
    for handle in handles:
        with contextlib.suppress(OSError):
            if os.path.samestat(handle.stat(), file):
                return True
    return False


def _own_processes() -> Iterator[psutil.Process]:
    """The other processes of this user."""
    for process in _other_processes():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                yield process


def _other_processes() -> Iterator[psutil.Process]:
    """Every process but this one and those that it was started by."""
    this = psutil.Process()
    passed_over = {this.pid, *(parent.pid for parent in this.parents())}
    return (process for process in psutil.process_iter() if process.pid not in passed_over)


def _serves(process: psutil.Process, folder: DataFolder) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get(SERVES) == str(folder.home)
    except psutil.Error:
        return False


def _sees(process: psutil.Process, folder: DataFolder) -> bool:
    """True where a process has this very folder at this path: in a container it can have another one there."""
    try:
        return folder.home.samefile(f"/proc/{process.pid}/root{folder.home}")
    except OSError:
        return False


def _is_runtime_on_demand(process: psutil.Process, folder: DataFolder) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return {"models.cli", "serve", "--idle-exit", str(folder.models_socket)} <= set(line)


def name_of_command(line: Sequence[str]) -> str:
    """What a process does, by its command line, for people."""
    for at, word in enumerate(line):
        if word == "worker" and at + 1 < len(line):
            return f"worker of the queue {line[at + 1]}"
        if word in ("models", "models.cli"):
            return "model runtime"
        if word.startswith("models.child"):
            return "model"
        if word in _NAMES:
            return _NAMES[word]
    return Path(line[0]).name if line else "program"


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return name_of_command(process.cmdline())
    return "program"
