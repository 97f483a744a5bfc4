"""The processes of `lampstand up`. The package supervisor runs these processes."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec

from appliance.errors import Conflict, Unavailable
from appliance.infrastructure.atomic import replace_content
from appliance.infrastructure.file_lock import try_lock
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.jobs.leases import owner_is_dead, this_process
from appliance.infrastructure.paths import DataFolder, DataFolderUnusable
from appliance.infrastructure.processes import dying_with_parent
from appliance.infrastructure.settings import Settings
from server.left_over import SUPERVISOR, end_left_over, environment_of, supervisor_of
from server.start_report import ENDING_SIGNALS, start_reporter

# By default, glibc creates up to eight memory arenas per core, and threads cannot use free memory of other arenas.
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
# Programs with a lower priority stop later: the web server needs the model runtime to finish its answers.
_PRIORITIES = {"models": 1}
_PRIORITY = 2
_PROGRAM = """
[program:{name}]
command={command}
autostart={autostart}
priority={priority}
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
pidfile={pid}
childlogdir={logs}
umask=077
"""


class PortInUse(Conflict):
    """Another program listens on the port."""


class AlreadyRunning(Conflict):
    """Another process already serves the data folder."""


class ServedAt(msgspec.Struct, frozen=True):
    """The web server of a data folder: its URL, and its process in the format of leases."""

    url: str
    process: str


class DidNotStart(Unavailable):
    """The web process did not answer in time."""


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Check that a port is free. `option` is the command-line option that sets the port. Raises PortInUse."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                remedy=f"Choose another port with {option}, or stop the program that uses this port.",
            ) from error


def address(settings: Settings) -> str:
    """The URL of the appliance for a browser on this machine."""
    host = settings.host if settings.host in ("localhost", "::1") else "127.0.0.1"
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def note_address(folder: DataFolder, url: str) -> None:
    """Store the URL at which this process serves the folder, so that commands can find the server."""
    content = msgspec.json.encode(ServedAt(url=url, process=this_process()))
    replace_content(folder.web_address, content)


def noted_address(folder: DataFolder) -> str | None:
    """The URL at which the folder is served, or None. A server of another folder is ignored."""
    try:
        noted = msgspec.json.decode(folder.web_address.read_bytes(), type=ServedAt)
    except (OSError, msgspec.MsgspecError):
        return None
    return None if owner_is_dead(noted.process) else noted.url


def refuse_read_only(folder: DataFolder) -> None:
    """Raise DataFolderUnusable if the data folder exists and is read-only."""
    if folder.home.exists() and not folder.is_writable:
        raise DataFolderUnusable(
            f"The data folder {folder.home} is read-only.",
            remedy="`lampstand serve`, `read` and `search` work with a read-only folder. `up` needs a writable folder.",
        )


def write_configuration(folder: DataFolder, settings: Settings, worker_options: str = "") -> Path:
    """Write the configuration file of supervisor, with one section per process. Returns the path of the file."""
    command = Path(sys.executable).with_name("lampstand")
    # The kernel stops a program when the supervisor ends for any reason. If the kernel cannot do this, the next `up` does.
    dying = "".join(f"{_quoted(word)} " for word in dying_with_parent())
    base = f"{dying}{_quoted(command)} --home {_quoted(folder.home)}"
    programs = {
        "web": f'{base} serve --supervised --host "{settings.host}" --port {settings.port} --https-port {settings.https_port}',
        **{f"worker-{queue}": f"{base} worker {queue}{worker_options}" for queue in QUEUES},
    }
    if not settings.models_address:
        programs["models"] = f"{base} models serve"
    environment = {"PYTHONUNBUFFERED": "1", **FEW_ARENAS, **environment_of(folder)}
    text = _SUPERVISOR.format(logs=_escaped(folder.logs), pid=_escaped(folder.supervisor_pid))
    for name, line in programs.items():
        text += _PROGRAM.format(
            name=name,
            command=line.replace("%", "%%"),
            # The supervisor starts the other programs when the first page is served.
            autostart=str(name == "web").lower(),
            priority=_PRIORITIES.get(name, _PRIORITY),
            directory=_escaped(folder.home),
            log=_escaped(folder.logs / f"{name}.log"),
            environment=",".join(f'{key}="{_escaped(value)}"' for key, value in environment.items()),
        )
    path = folder.supervisor_configuration
    path.write_text(text, encoding="utf-8")
    return path


def _quoted(word: Path | str) -> str:
    return f'"{word}"'


def _escaped(value: Path | str) -> str:
    return str(value).replace("%", "%%")


def clear_for_start(folder: DataFolder) -> list[str]:
    """Stop processes that still run although their `up` was killed. Returns their names. Raises AlreadyRunning."""
    with locked(folder):
        return end_left_over(folder)


def become_supervisor(
    folder: DataFolder,
    settings: Settings,
    on_served: Callable[[str], None],
    on_failure: Callable[[DidNotStart], int],
    *,
    exercises: bool = False,
) -> NoReturn:
    """Replace this process with the supervisor of the folder's programs. The supervisor runs until it gets a stop signal.

    A child process calls `on_served` with the URL when the web server answers. If the web server does not answer in time,
    the child calls `on_failure`, and the supervisor ends with the status that `on_failure` returns. With `exercises`, the
    workers also run the jobs of measurements. Raises AlreadyRunning or PortInUse.
    """
    # The supervisor inherits the descriptor, so the folder stays locked until the supervisor ends.
    lock = _lock(folder)
    try:
        check_port("127.0.0.1", settings.port)
        write_configuration(folder, settings, " --exercises" if exercises else "")
        reporter = start_reporter(address(settings), lock, on_served, partial(_did_not_start, folder, on_failure))
        os.set_inheritable(lock, True)  # noqa: FBT003 - the only parameter
        # Signals stay pending until the supervisor has installed its handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        os.execv(sys.executable, [sys.executable, "-P", "-m", SUPERVISOR, str(folder.home), str(reporter)])  # noqa: S606 - this interpreter and a module of this package
    except BaseException:
        os.close(lock)
        raise


def _did_not_start(folder: DataFolder, on_failure: Callable[[DidNotStart], int]) -> int:
    return on_failure(DidNotStart("The web server did not start.", remedy=f"See the log {folder.logs / 'web.log'}."))


@contextlib.contextmanager
def locked(folder: DataFolder) -> Iterator[int]:
    """Lock the folder against every other `up`. Yields a descriptor that a child may inherit. Raises AlreadyRunning."""
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
    if not try_lock(handle):
        os.close(handle)
        raise AlreadyRunning(
            f"Lampstand is already running on {folder.home}.",
            remedy=f"`lampstand status` shows its address. To stop it: kill {supervisor_of(folder) or 'its process'}",
        )
    return handle
