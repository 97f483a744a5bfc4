"""What a confined process can still do. Each case runs in its own process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.infrastructure.confinement import confinement_here

SCRIPT = """
import errno, json, os, resource, signal, socket, sys, threading
from pathlib import Path
from appliance.infrastructure import confinement

readable, other, without = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if "seccomp" in without:
    confinement._libseccomp = None

def tried(action):
    try:
        return str(action())
    except OSError as error:
        return errno.errorcode[error.errno]
    except (MemoryError, RuntimeError, ValueError) as error:
        return type(error).__name__

report = {}
opened = readable.open("rb")
if "landlock" not in without:
    report["landlock"] = confinement.allow_only_files([readable])
    report["readable while Landlock alone"] = tried(readable.read_text)
    report["other while Landlock alone"] = tried(lambda: os.open(other, os.O_RDONLY))
    report["listing while Landlock alone"] = tried(lambda: os.listdir(other.parent))
    report["program while Landlock alone"] = tried(lambda: os.execv(sys.executable, [sys.executable]))

# A thread that started before is confined too.
go, done = threading.Event(), threading.Event()
def later():
    go.wait()
    report["open in an older thread"] = tried(lambda: os.open(readable, os.O_RDONLY))
    done.set()
threading.Thread(target=later, daemon=True).start()

report["seccomp"] = confinement.revoke_access(more_memory_bytes=64 * 2**20, cpu_s=20)
go.set()
done.wait()
report["open"] = tried(lambda: os.open(readable, os.O_RDONLY))
report["write"] = tried(lambda: os.open(other, os.O_WRONLY | os.O_CREAT))
report["socket"] = tried(lambda: socket.socket(socket.AF_INET))
report["unix socket"] = tried(lambda: socket.socket(socket.AF_UNIX))
report["descriptor"] = tried(lambda: os.dup(0))
report["existence"] = tried(lambda: os.stat(other))
if report["seccomp"]:
    report["fork"] = tried(os.fork)
    report["program"] = tried(lambda: os.execv(sys.executable, [sys.executable]))
    report["signal"] = tried(lambda: os.kill(os.getppid(), 0))
    report["limits"] = tried(lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1)))
    report["thread"] = tried(lambda: threading.Thread(target=int).start())
    report["process"] = tried(lambda: os.posix_spawn("/bin/true", ["true"], {}))
report["little memory"] = tried(lambda: len(bytearray(8 * 2**20)))
report["much memory"] = tried(lambda: len(bytearray(256 * 2**20)))
report["open before"] = opened.read().decode()
print(json.dumps(report), flush=True)
os._exit(0)
"""


def confined(tmp_path: Path, without: str = "") -> dict[str, Any]:
    readable, other = tmp_path / "readable", tmp_path / "other"
    readable.write_text("may be read")
    other.write_text("may not be read")
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(readable), str(other), without],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == finished.returncode, finished.stderr
    report: dict[str, Any] = json.loads(finished.stdout)
    return report


def test_with_seccomp_nothing_can_be_opened_or_started_and_no_limit_raised(tmp_path: Path) -> None:
    if not confinement_here().seccomp:
        pytest.skip("libseccomp.so.2 is not installed: apt-get install libseccomp2")
    report = confined(tmp_path, without="landlock")
    refused = (
        "open",
        "open in an older thread",
        "write",
        "socket",
        "unix socket",
        "descriptor",
        "existence",
        "fork",
        "program",
        "process",
        "signal",
    )

    assert report["seccomp"] is True
    assert dict.fromkeys(refused, "EPERM") == {name: report[name] for name in refused}
    assert ("None", "ValueError") == (report["thread"], report["limits"])
    assert "may be read" == report["open before"]


def test_with_landlock_only_the_given_files_can_be_opened(tmp_path: Path) -> None:
    if not confinement_here().landlock:
        pytest.skip("this kernel has no Landlock")
    report = confined(tmp_path)

    assert report["landlock"] is True
    # libseccomp must have been loaded before: Landlock does not allow its file.
    assert confinement_here().seccomp == report["seccomp"]
    assert "may be read" == report["readable while Landlock alone"]
    names = ("other while Landlock alone", "listing while Landlock alone", "program while Landlock alone")
    assert ["EACCES"] * 3 == [report[name] for name in names]


def test_without_both_the_resource_limits_remain(tmp_path: Path) -> None:
    report = confined(tmp_path, without="landlock seccomp")
    refused = ("open", "open in an older thread", "write", "socket", "unix socket")

    assert report["seccomp"] is False
    assert dict.fromkeys(refused, "EMFILE") == {name: report[name] for name in refused}
    assert "may be read" == report["open before"]


@pytest.mark.parametrize("without", ["", "landlock seccomp"])
def test_additional_memory_is_limited(tmp_path: Path, without: str) -> None:
    report = confined(tmp_path, without=without)

    assert (str(8 * 2**20), "MemoryError") == (report["little memory"], report["much memory"])
