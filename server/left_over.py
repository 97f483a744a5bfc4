"""Find processes that serve a data folder without a supervisor, and processes that have a file of the folder open."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from appliance.infrastructure.paths import DataFolder

# The processes that `up` starts, and their children, have this environment variable. Its value is the data folder they serve.
SERVES = "LAMPSTAND_SUPERVISED_HOME"
SUPERVISOR = "server.supervisor"
_NAMES = {"serve": "web server", "up": "lampstand up", "server.job_process": "job", SUPERVISOR: "process manager"}
TERMINATE_S, KILL_S = 10.0, 5.0
# After the model runtime dies, `up` starts a new runtime, which listens after 2 to 5 seconds.
RESTART_S = 15.0


def environment_of(folder: DataFolder) -> dict[str, str]:
    """The environment variables that mark the supervised processes of a data folder."""
    return {SERVES: str(folder.home)}


def left_over(folder: DataFolder) -> list[psutil.Process]:
    """This user's processes that serve the folder without a supervisor, the oldest first.

    Only the process with the lock of `up` may call this function: supervised processes of another `up` look the same. The
    result includes a model runtime that a command started on demand, because it uses the socket of the supervised runtime.
    """
    serving = [
        process
        for process in _own_processes()
        if (_serves(process, folder) or _is_runtime_on_demand(process, folder)) and _sees(process, folder)
    ]
    return sorted(serving, key=lambda process: process.create_time())


def end_left_over(folder: DataFolder) -> list[str]:
    """Stop the processes that `left_over` finds. Returns their display names."""
    processes = left_over(folder)
    names = [f"{_name(process)} (process {process.pid})" for process in processes]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, still_running = psutil.wait_procs(processes, timeout=TERMINATE_S)
    for process in still_running:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(still_running, timeout=KILL_S)
    return names


def supervisor_of(folder: DataFolder) -> int | None:
    """The PID of the supervisor of a data folder, or None if `up` does not run."""
    try:
        process = psutil.Process(int(folder.supervisor_pid.read_text(encoding="utf-8")))
        command = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    supervises = SUPERVISOR in command and str(folder.home) in command and _sees(process, folder)
    return process.pid if supervises else None


def runtime_wait_for_start(folder: DataFolder) -> float | None:
    """Return how many seconds a client waits for the model runtime of a folder; None if the client starts the runtime itself.

    If `up` runs, the client waits, because `up` restarts the runtime. In a read-only folder, no runtime can be started, so
    the client does not wait.
    """
    if not folder.is_writable:
        return 0.0
    return RESTART_S if supervisor_of(folder) else None


def users_of(path: Path) -> list[int]:
    """The PIDs of other processes that have this file open, by any path. Only root sees the processes of other users."""
    try:
        file = path.stat()
    except FileNotFoundError:
        return []
    return [process.pid for process in _other_processes() if _has_open(process, file)]


def _has_open(process: psutil.Process, file: os.stat_result) -> bool:
    # Compare files, not paths: psutil gives the path that the other process sees, which differs in a container.
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
    """Every process except this one and its ancestors."""
    this = psutil.Process()
    excluded = {this.pid, *(parent.pid for parent in this.parents())}
    return (process for process in psutil.process_iter() if process.pid not in excluded)


def _serves(process: psutil.Process, folder: DataFolder) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get(SERVES) == str(folder.home)
    except psutil.Error:
        return False


def _sees(process: psutil.Process, folder: DataFolder) -> bool:
    """True if a process sees the same folder at this path. In a container, the path can lead to another folder."""
    try:
        return folder.home.samefile(f"/proc/{process.pid}/root{folder.home}")
    except OSError:
        return False


def _is_runtime_on_demand(process: psutil.Process, folder: DataFolder) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return {"models.cli", "serve", "--idle-exit", str(folder.models_socket)} <= set(command)


def name_of_command(command: Sequence[str]) -> str:
    """The display name of a process, from its command line."""
    for at, word in enumerate(command):
        if word == "worker" and at + 1 < len(command):
            return f"worker of the queue {command[at + 1]}"
        if word in ("models", "models.cli"):
            return "model runtime"
        if word.startswith("models.child"):
            return "model"
        if word in _NAMES:
            return _NAMES[word]
    return Path(command[0]).name if command else "program"


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return name_of_command(process.cmdline())
    return "program"
