"""Lampstand sends nothing to other machines, and writes nothing outside the data folder."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from fakes.browser import CHROMIUM
from fakes.offline import Observed, observe, why_not

from models.offline import VARIABLES

FAKES = Path(__file__).parents[1] / "fakes"
TELEMETRY_HOST = "mobile.events.data.microsoft.com"
# Chromium connects a UDP socket to this address to learn whether there is a route for IPv6. Nothing is sent.
PROBED_BY_CHROMIUM = "connect 2001:4860:4860::8888:443"
LEAKS = """
import os, socket
for call in (
    lambda: socket.create_connection(("called.example", 80)),
    lambda: socket.create_connection(("198.51.100.1", 443)),
    lambda: socket.create_connection(("2001:db8::1", 443)),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.2", 9)),
):
    try:
        call()
    except OSError:
        pass
home = os.environ["HOME"]
os.chdir(home)
open("note", "w").close()
os.mkdir(f"{home}/kept")
os.rename(f"{home}/note", f"{home}/kept/note")
os.link(f"{home}/kept/note", f"{home}/linked")
"""
STAYS = """
import os, psutil, socket, sys
psutil.net_if_addrs()
server = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0", "::ffff:127.0.0.1"):
    socket.create_connection((host, server.getsockname()[1])).close()
path = os.path.join(sys.argv[1], "s")
unix = socket.socket(socket.AF_UNIX)
unix.bind(path)
unix.listen()
socket.socket(socket.AF_UNIX).connect(path)
"""
LOADS_A_MODEL = """
import os, sys, time
for name in {names}:
    del os.environ[name]
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
time.sleep(12)
"""

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


class Observation(NamedTuple):
    observed: Observed
    home: Path
    temporary: Path


@pytest.fixture(scope="module")
def observation(indexed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Observation:
    """The observed behaviour of `lampstand up`, its workers, jobs, model libraries and the command line."""
    folder = tmp_path_factory.mktemp("offline")
    home, scratch = folder / "home", folder / "observed"
    # The exported embedding model is not copied, so that it is exported again.
    shutil.copytree(indexed_home, home, ignore=shutil.ignore_patterns("run", "logs", "*-onnx"))
    observed = observe([sys.executable, str(FAKES / "offline_use.py"), str(home)], scratch, timeout_s=400)
    assert 0 == observed.returncode, observed.output
    return Observation(observed, home, scratch / "tmpdir")


def test_there_are_no_name_lookups_and_no_connections_to_other_hosts(observation: Observation) -> None:
    observed = observation.observed
    print(f"lookups_and_connections = {observed.lookups_and_connections}\n{observed.output}")

    assert ([], []) == (observed.lookups, observed.connections)


def test_nothing_is_written_outside_the_data_folder(observation: Observation) -> None:
    """Exceptions: temporary files that are removed, and a socket if the path of the data folder is too long for a socket."""
    left = [path for path in observation.observed.left if not path.startswith("tmpdir/lampstand-")]

    assert str(observation.home / "library.db") in observation.observed.written
    assert [] == observation.observed.written_outside(observation.home, observation.temporary)
    assert [] == left


def test_lookups_connections_and_outside_files_are_detected(tmp_path: Path) -> None:
    observed = observe([sys.executable, "-c", LEAKS], tmp_path / "observed")
    home = tmp_path / "observed" / "home"

    assert {"called.example"} == set(observed.lookups)
    assert [
        "connect 192.0.2.1:80",
        "connect 198.51.100.1:443",
        "connect 2001:db8::1:443",
        "sendto 198.51.100.2:9",
    ] == observed.connections
    assert [str(home / name) for name in ("kept", "kept/note", "linked", "note")] == observed.written_outside()
    assert {"home/kept", "home/kept/note", "home/linked"} == set(observed.left)


def test_local_connections_are_not_counted(tmp_path: Path) -> None:
    observed = observe([sys.executable, "-c", STAYS, str(tmp_path)], tmp_path / "observed")

    assert (0, "") == (observed.returncode, observed.output)
    assert ([], []) == (observed.lookups, observed.connections)
    assert [] == observed.written_outside(tmp_path)


def test_onnxruntime_sends_telemetry_without_the_variables(indexed_home: Path, tmp_path: Path) -> None:
    (model,) = (indexed_home / "models").glob("*-onnx/*.onnx")
    program = [sys.executable, "-c", LOADS_A_MODEL.format(names=list(VARIABLES)), str(model)]
    observed = observe(program, tmp_path / "observed")

    assert TELEMETRY_HOST in observed.lookups
    assert [path for path in observed.left if path.endswith("deviceid")]


@pytest.mark.browser
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed")
def test_the_browser_of_the_tests_makes_no_network_calls(tmp_path_factory: pytest.TempPathFactory) -> None:
    # The path is short, because Chromium makes a socket in the folder.
    folder = tmp_path_factory.mktemp("b") / "seen"
    observed = observe([sys.executable, str(FAKES / "browser_use.py")], folder)

    assert 0 == observed.returncode, observed.output
    assert [] == observed.lookups
    assert set() == set(observed.connections) - {PROBED_BY_CHROMIUM}
