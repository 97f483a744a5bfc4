"""The processes of `lampstand up`, kept alive by supervisor."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec

from appliance.errors import Conflict, Unavailable
from appliance.infrastructure.atomic import replace_content
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.jobs.leases import owner_is_dead, this_process
from appliance.infrastructure.paths import DataFolder, DataFolderUnusable
from appliance.infrastructure.processes import dying_with_parent, end_process_tree
from appliance.infrastructure.settings import Settings
from server.left_over import SUPERVISOR, end_left_over, environment_of, supervisor_of

START_TIMEOUT_S = 60.0
POLL_S = 0.1
# glibc gives each thread a part of the memory to itself, up to eight for each core, which the others cannot use when it is free.
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}

_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
environment={environment}
autorestart=true
startsecs=1
startretries=1000000
stopwaitsecs=10
stopsignal=TERM
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=3
"""
_SUPERVISOR = """
[supervisord]
nodaemon=true
silent=true
logfile={logs}/supervisor.log
logfile_maxbytes=5MB
logfile_backups=3
pidfile={run}/supervisor.pid
childlogdir={logs}
umask=077
"""


class PortInUse(Conflict):
    """Another program listens on the port."""


class AlreadyRunning(Conflict):
    """The data folder is served already."""


class ServedAt(msgspec.Struct, frozen=True):
    """The web server of a folder: its address, and its process as leases name it."""

    url: str
    process: str


class DidNotStart(Unavailable):
    """The web process did not answer in time."""


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raises PortInUse; `option` is what another port is chosen with."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                remedy=f"Choose another with {option}, or end the program that has it.",
            ) from error


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the appliance."""
    host = settings.host if settings.host in ("localhost", "::1") else "127.0.0.1"
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def note_address(folder: DataFolder, url: str) -> None:
    """Write down where this process serves the folder, for commands to find."""
    content = msgspec.json.encode(ServedAt(url=url, process=this_process()))
    replace_content(folder.web_address, content)


def noted_address(folder: DataFolder) -> str | None:
    """Where the folder is served, or None where it is not. Another folder's server does not count."""
    try:
        noted = msgspec.json.decode(folder.web_address.read_bytes(), type=ServedAt)
    except (OSError, msgspec.MsgspecError):
        return None
    return None if owner_is_dead(noted.process) else noted.url


def refuse_read_only(folder: DataFolder) -> None:
    """Raises DataFolderUnusable where a folder that exists can only be read."""
    if folder.home.exists() and not folder.is_writable:
        raise DataFolderUnusable(
            f"The data folder {folder.home} can only be read.",
            remedy="`lampstand serve`, `read` and `search` work. `up` needs a folder that can be written.",
        )


def write_configuration(folder: DataFolder, settings: Settings, worker_options: str = "") -> Path:
    """The configuration of supervisor, with a program for each process."""
    command = Path(sys.executable).with_name("lampstand")
    # The kernel ends a program when its supervisor is gone, however that ended. Where it cannot, the next `up` does.
    dying = "".join(f"{_quoted(word)} " for word in dying_with_parent())
    base = f"{dying}{_quoted(command)} --home {_quoted(folder.home)}"
    programs = {
        "web": f'{base} serve --supervised --host "{settings.host}" --port {settings.port} --https-port {settings.https_port}',
        **{f"worker-{queue}": f"{base} worker {queue}{worker_options}" for queue in QUEUES},
    }
    if not settings.models_address:
        programs["models"] = f"{base} models serve"
    environment = {"PYTHONUNBUFFERED": "1", **FEW_ARENAS, **environment_of(folder)}
    text = _SUPERVISOR.format(logs=_escaped(folder.logs), run=_escaped(folder.run))
    for name, line in programs.items():
        text += _PROGRAM.format(
            name=name,
            command=line.replace("%", "%%"),
            directory=_escaped(folder.home),
            log=_escaped(folder.logs / f"{name}.log"),
            environment=",".join(f'{key}="{_escaped(value)}"' for key, value in environment.items()),
        )
    path = folder.run / "supervisor.conf"
    path.write_text(text, encoding="utf-8")
    return path


def _quoted(word: Path | str) -> str:
    return f'"{word}"'


def _escaped(value: Path | str) -> str:
    return str(value).replace("%", "%%")


def clear_for_start(folder: DataFolder) -> list[str]:
    """End the processes that an `up` left when it was killed. Returns their names. Raises AlreadyRunning."""
    with locked(folder):
        return end_left_over(folder)


def run_all(folder: DataFolder, settings: Settings, on_ready: Callable[[str], None], *, exercises: bool = False) -> int:
    """Run every process until this one is asked to end; `on_ready` gets the address when the first page is served.

    With `exercises`, the workers know the jobs of measurements too.

    Raises AlreadyRunning, PortInUse or DidNotStart.
    """
    with locked(folder) as lock:
        check_port("127.0.0.1", settings.port)
        try:
            configuration = write_configuration(folder, settings, " --exercises" if exercises else "")
            return _run(folder, settings, configuration, on_ready, lock)
        finally:
            # A model runtime that was started on demand, or what a killed supervisor left.
            end_left_over(folder)


def _run(
    folder: DataFolder, settings: Settings, configuration: Path, on_ready: Callable[[str], None], lock: int
) -> int:
    # It holds the lock too: if this process is killed, the folder still counts as served.
    supervisor = subprocess.Popen(  # noqa: S603 - this interpreter and supervisor's own module
        [sys.executable, "-P", "-m", SUPERVISOR, "-c", str(configuration)],
        start_new_session=True,
        pass_fds=(lock,),
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        _wait_until_served(address(settings), supervisor, ended, folder)
        if not ended.is_set():
            on_ready(address(settings))
        while not ended.wait(POLL_S * 5):
            if supervisor.poll() is not None:
                raise DidNotStart("The process manager ended.", remedy=f"{folder.logs / 'supervisor.log'} says why.")
    finally:
        if supervisor.poll() is None:
            supervisor.send_signal(signal.SIGTERM)
            try:
                supervisor.wait(timeout=15)
            except subprocess.TimeoutExpired:
                end_process_tree(supervisor.pid)
    return 0


@contextlib.contextmanager
def locked(folder: DataFolder) -> Iterator[int]:
    """Keep every other `up` from the folder; the lock is a handle that a child may hold too. Raises AlreadyRunning."""
    handle = _lock(folder)
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(folder: DataFolder) -> int:
    path = folder.run / "up.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        folder.give_to_owner(handle)
    except FileExistsError:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunning(
            f"Lampstand already runs on {folder.home}.",
            remedy=f"`lampstand status` shows where. To stop it: kill {supervisor_of(folder) or 'its process'}",
        ) from error
    return handle


def _wait_until_served(
    url: str, supervisor: subprocess.Popen[bytes], ended: threading.Event, folder: DataFolder
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ended.wait(POLL_S):
        try:
            if httpx.get(f"{url}/api/v1/health", timeout=2.0, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        if supervisor.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart("The web server did not start.", remedy=f"{folder.logs / 'web.log'} says why.")
