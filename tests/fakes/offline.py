"""Run a program in a network namespace without a route, and record which hosts it contacts and which files it writes.

The program gets loopback only, a DNS server that records queries, and empty folders for its home, its caches and its
temporary files. strace records every address that the program connects or sends to, and every path that it writes.
"""

import contextlib
import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

INSIDE = Path(__file__).with_name("offline_inside.py")
_SENDING = ("connect", "sendto", "sendmsg", "sendmmsg")
_OPENING = ("open", "openat", "openat2", "creat")
_CREATING = (
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "bind",
)
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_ADDRESS = re.compile(
    r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"|(INADDR_\w+))'
)
_FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|^creat$")
_OPENED = re.compile(r"= \d+<(.*)>$")
# A path in strace's output. If strace shows the folder that the path is relative to, the folder comes first.
_PATH = re.compile(r'(?:<([^>"]*)>, )?"((?:[^"\\]|\\.)*)"')
_SOCKET = re.compile(r'sun_path="((?:[^"\\]|\\.)*)"')
# Paths that are not regular files: devices, settings of the process, and semaphores. An open semaphore has no name any more.
_SPECIAL_FILES = ("/dev/shm/sem.", "/dev/null", "/dev/tty", "/dev/pts/", "/dev/ptmx", "/dev/urandom", "/proc/")
# Environment variables of build servers. If one of them is set, some libraries send no telemetry.
_BUILD_SERVERS = (
    "CI",
    "TF_BUILD",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CIRCLECI",
    "TRAVIS",
    "JENKINS_URL",
    "CODEBUILD_BUILD_ID",
    "BUILDKITE",
    "TEAMCITY_VERSION",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
)
_FOLDERS = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "TMPDIR")


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """The observed behaviour of a program and its children.

    `lookups` has the names in DNS queries. `connections` has the other hosts that the program contacted, with the system
    calls. `written` has the paths that were written, created, renamed or linked. `left` has the files that remain in the
    home, cache and temporary folders.
    """

    returncode: int
    output: str
    lookups: list[str]
    connections: list[str]
    written: list[str]
    left: list[str]

    @property
    def lookups_and_connections(self) -> int:
        return len(self.lookups) + len(self.connections)

    def written_outside(self, *folders: Path) -> list[str]:
        """The written paths outside the given folders, without compiled Python modules."""
        return sorted(
            {
                path
                for path in self.written
                if not any(Path(path).is_relative_to(folder) for folder in folders) and "/__pycache__" not in path
            }
        )


@cache
def why_not() -> str:
    """The reason why this machine cannot observe a program; empty if it can."""
    for program in ("strace", "unshare", "ip", "mount"):
        if shutil.which(program) is None:
            return f"{program} is not installed; packaging/test.sh installs it as root"
    trial = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=connect", *_namespaces(), "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"namespaces cannot be created here: {trial.stderr.strip()}" if trial.returncode else ""


def observe(
    program: Sequence[str], scratch: Path, *, environment: Mapping[str, str] | None = None, timeout_s: float = 120
) -> Observed:
    """Run a program until it ends, then stop its child processes. The empty folders and the logs are in `scratch`.

    The variables of build servers are removed, so that the program behaves as on a user's machine.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _BUILD_SERVERS}
    folders = {name: scratch / name.lower() for name in _FOLDERS}
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True)
    log, inside = scratch / "strace.log", scratch / "inside"
    inside.mkdir()
    traced = ",".join((*_SENDING, *_OPENING, *_CREATING))
    process = subprocess.Popen(
        [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-y",
            "-e",
            "signal=none",
            "-e",
            f"trace={traced}",
            "-o",
            str(log),
            *_namespaces(),
            sys.executable,
            str(INSIDE),
            str(inside),
            *program,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**inherited, **(environment or {}), **{name: str(folder) for name, folder in folders.items()}},
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    finally:
        # Stop the whole process group: if only strace were stopped, the program would continue to run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    calls = list(_calls(log.read_text(encoding="utf-8", errors="replace").splitlines()))
    return Observed(
        returncode=process.returncode,
        output=output,
        lookups=(inside / "lookups").read_text(encoding="utf-8").split(),
        connections=[host for name, rest in calls if name in _SENDING for host in _other_hosts(name, rest)],
        written=[
            path for name, rest in calls for path in _written(name, rest) if not Path(path).is_relative_to(inside)
        ],
        left=[str(path.relative_to(scratch)) for folder in folders.values() for path in folder.rglob("*")],
    )


def _namespaces() -> list[str]:
    """The command that runs a program with its own network, mounts and PIDs. When the program ends, its children end too."""
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *mapped, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]


def _calls(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the rest of each system call. strace splits overlapping calls; this function joins the parts."""
    unfinished: dict[str, tuple[str, str]] = {}
    for line in lines:
        if call := _CALL.match(line):
            pid, name, rest = call.groups()
            if rest.endswith("<unfinished ...>"):
                unfinished[pid] = (name, rest.removesuffix("<unfinished ...>"))
            else:
                yield name, rest
        elif (resumed := _RESUMED.match(line)) and resumed[1] in unfinished:
            name, rest = unfinished.pop(resumed[1])
            yield name, rest + resumed[2]
    yield from unfinished.values()


def _other_hosts(name: str, rest: str) -> Iterator[str]:
    for port, four, six, constant in _ADDRESS.findall(rest):
        if constant in ("INADDR_LOOPBACK", "INADDR_ANY"):
            continue
        host = four or six or constant
        if not _is_this_machine(host):
            yield f"{name} {host}:{port}"


def _is_this_machine(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # A connection to 0.0.0.0 or :: goes to this machine.
    return address.is_loopback or address.is_unspecified


def _written(name: str, rest: str) -> Iterator[str]:
    """The paths that a call wrote; none if the call failed."""
    if " = -1 " in rest:
        return
    if name in _OPENING:
        opened = _OPENED.search(rest)
        paths = [opened[1].removesuffix(" (deleted)")] if opened and _FOR_WRITING.search(f"{name} {rest}") else []
    elif name == "bind":
        paths = _SOCKET.findall(rest)
    elif name in _CREATING:
        paths = [os.path.normpath(Path(folder) / path) for folder, path in _PATH.findall(rest)]
        # A link call changes only its second path. A rename call changes both paths.
        paths = paths if name.startswith("rename") else paths[-1:]
    else:
        paths = []
    yield from (path for path in paths if not path.startswith(_SPECIAL_FILES))
