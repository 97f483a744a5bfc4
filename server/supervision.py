"""The processes of `lampstand up`, kept alive by supervisor."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from appliance.errors import Conflict, Unavailable
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.processes import end_process_tree
from appliance.infrastructure.settings import Settings

START_TIMEOUT_S = 60.0
POLL_S = 0.1

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
"""


class PortInUse(Conflict):
    """Another program listens on the port."""


class AlreadyRunning(Conflict):
    """The data folder is served already."""


class DidNotStart(Unavailable):
    """The web process did not answer in time."""


def check_port(host: str, port: int) -> None:
    """Raises PortInUse."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                remedy="Choose another with --port, or end the program that has it.",
            ) from error


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the appliance."""
    host = settings.host if settings.host in ("localhost", "::1") else "127.0.0.1"
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def write_configuration(folder: DataFolder, settings: Settings) -> Path:
    """The configuration of supervisor, with a program for each process."""
    command = Path(sys.executable).with_name("lampstand")
    base = f"{_quoted(command)} --home {_quoted(folder.home)}"
    programs = {
        "web": f'{base} serve --supervised --host "{settings.host}" --port {settings.port} --https-port {settings.https_port}',
        **{f"worker-{queue}": f"{base} worker {queue}" for queue in QUEUES},
    }
    if not settings.models_address:
        programs["models"] = f"{base} models serve"
    text = _SUPERVISOR.format(logs=_escaped(folder.logs), run=_escaped(folder.run))
    for name, line in programs.items():
        text += _PROGRAM.format(
            name=name,
            command=line.replace("%", "%%"),
            directory=_escaped(folder.home),
            log=_escaped(folder.logs / f"{name}.log"),
            environment='PYTHONUNBUFFERED="1"',
        )
    path = folder.run / "supervisor.conf"
    path.write_text(text, encoding="utf-8")
    return path


def _quoted(path: Path) -> str:
    return f'"{path}"'


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def run_all(folder: DataFolder, settings: Settings, on_ready: Callable[[str], None]) -> int:
    """Run every process until this one is asked to end; `on_ready` gets the address when the first page can be had.

    Raises AlreadyRunning, PortInUse or DidNotStart.
    """
    lock = _lock(folder)
    check_port("127.0.0.1", settings.port)
    configuration = write_configuration(folder, settings)
    # It holds the lock too: should this process be killed, its heirs still say that the folder is served.
    supervisor = subprocess.Popen(  # noqa: S603 - this interpreter and supervisor's own module
        [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(configuration)],
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
        os.close(lock)
    return 0


def check_not_running(folder: DataFolder) -> None:
    """Raises AlreadyRunning."""
    os.close(_lock(folder))


def _lock(folder: DataFolder) -> int:
    import fcntl  # noqa: PLC0415 - this platform's own

    handle = os.open(folder.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunning(
            f"Lampstand already runs on {folder.home}.",
            remedy=f"`lampstand status` shows where. To end it: kill {_supervisor_pid(folder)}",
        ) from error
    return handle


def _supervisor_pid(folder: DataFolder) -> str:
    path = folder.run / "supervisor.pid"
    return path.read_text(encoding="utf-8").strip() if path.exists() else "its process"


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
