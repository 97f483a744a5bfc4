"""`up` or the supervisor is killed, or another process already uses a port, a socket or a folder."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from fakes.serving import LAMPSTAND, Served, bearer, free_port, port_options, serving

from appliance.infrastructure.paths import DataFolder
from models.client import Client
from server.left_over import SUPERVISOR, left_over, supervisor_of

WAIT_S = 90
# Without `setpriv`, as on a machine without util-linux, the kernel does not stop the programs of a dead supervisor.
WITHOUT_SETPRIV = {"PATH": str(Path(sys.executable).parent)}

START = """
import sys
from pathlib import Path
from models.client import Client
Client(folder=Path(sys.argv[1]), socket=Path(sys.argv[2]), idle_exit_s=600).ensure_running()
"""


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT_S} s for {what}"
        time.sleep(0.1)  # another process makes progress, and sends no event


def supervisor(home: Path) -> psutil.Process:
    pid = supervisor_of(DataFolder(home))
    assert pid is not None
    return psutil.Process(pid)


def every_program(home: Path) -> list[psutil.Process]:
    """The processes of the five programs. Four of the programs start when the first page is served."""
    wait_for(lambda: len(supervisor(home).children()) == 5, "every program")
    return supervisor(home).children()


def is_healthy(running: Served) -> bool:
    try:
        return running.guest.get("/api/v1/health").is_success
    except httpx.HTTPError:
        return False


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux's setpriv is not installed")
def test_programs_die_with_their_supervisor(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, command="up") as running:
        programs = every_program(home)
        running.process.kill()
        running.process.wait()
        psutil.wait_procs(programs, timeout=WAIT_S)
    assert [] == left_over(DataFolder(home))
    with serving(home, command="up") as again:
        assert is_healthy(again)


def test_a_new_up_stops_the_processes_of_a_killed_one(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    with serving(other) as untouched, serving(home, command="up", environment=WITHOUT_SETPRIV) as first:
        every_program(home)
        first.process.kill()
        first.process.wait()
        assert 5 == len(left_over(DataFolder(home)))
        assert is_healthy(first)
        with serving(home, command="up") as second:
            assert is_healthy(second)
            assert not is_healthy(first)
            assert is_healthy(untouched)
    output = second.output.read()
    assert "Stopped processes of an earlier `lampstand up`: " in output
    assert "web server" in output
    assert "worker of the queue media" in output
    assert [] == left_over(DataFolder(home))


def test_the_process_of_up_is_the_supervisor_of_all_programs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, command="up") as running:
        programs = every_program(home)
        assert running.process.pid == supervisor(home).pid
        assert psutil.STATUS_ZOMBIE not in {program.status() for program in programs}
        running.process.send_signal(signal.SIGINT)
        output, _ = running.process.communicate(timeout=WAIT_S)

    assert 0 == running.process.returncode
    assert 1 == output.count("Lampstand runs at")
    assert [] == [program for program in programs if program.is_running()]
    assert [] == left_over(DataFolder(home))


def test_the_error_of_a_second_up_explains_how_to_stop_the_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, command="up") as running:
        port = running.url.rpartition(":")[2]
        second = subprocess.run(
            [LAMPSTAND, "--home", str(home), "up", "--port", port, "--https-port", str(free_port())],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert is_healthy(running)

    assert 5 == second.returncode
    assert f"already running on {home}" in second.stderr
    assert f"To stop it: kill {running.process.pid}" in second.stderr
    assert [] == left_over(DataFolder(home))


def test_a_web_server_that_cannot_start_is_reported(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    script = "from server import start_report; start_report.START_TIMEOUT_S = 0.1\nfrom server.cli import main\nmain()"
    command = [sys.executable, "-c", script, "--home", str(folder.home), "up", "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)

    assert 6 == done.returncode
    assert "The web server did not start." in done.stderr
    assert "web.log" in done.stderr
    assert [] == left_over(folder)


def test_a_runtime_on_demand_does_not_block_the_socket_or_outlive_up(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = DataFolder(home).create()
    client = Client(folder=folder.models, socket=folder.models_socket)
    # A separate process starts the runtime, as a command does. The runtime continues to run when this process ends.
    subprocess.run([sys.executable, "-c", START, str(folder.models), str(folder.models_socket)], check=True)
    (on_demand,) = left_over(folder)
    with serving(home, command="up"):
        assert not psutil.pid_exists(on_demand.pid)
        wait_for(client.is_running, "the supervised model runtime")
        (supervised,) = [child for child in supervisor(home).children() if "models" in child.cmdline()]
        supervised.kill()
        listing = subprocess.run(
            [LAMPSTAND, "--home", str(home), "models", "plan", "--json"], capture_output=True, text=True, check=False
        )
        wait_for(client.is_running, "the model runtime after its death")
        assert [] == [process for process in left_over(folder) if "--idle-exit" in process.cmdline()], listing.stdout
    client.close()
    assert [] == left_over(folder)


def test_an_https_port_in_use_is_reported(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    bearer(home)
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", port))
        listener.listen()
        process = subprocess.Popen(
            [LAMPSTAND, "--home", str(home), "up", *port_options(https_port=port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            output = next(line for line in process.stdout if line.startswith("Other machines"))
        finally:
            process.terminate()
            process.communicate(timeout=WAIT_S)

    assert output.startswith("Other machines cannot connect.")
    assert str(port) in output
    assert "--https-port" in output


def test_status_never_reports_the_server_of_another_folder(
    tmp_path: Path, lampstand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with serving(one) as running:
        url = running.url
        two.mkdir()
        (two / "settings.toml").write_text(f"port = {url.rpartition(':')[2]}\n", encoding="utf-8")
        first = json.loads(lampstand("status", "--json", home=one).stdout)
        second = json.loads(lampstand("status", "--json", home=two).stdout)
        running.process.kill()
        running.process.wait()
        after = json.loads(lampstand("status", "--json", home=one).stdout)

    assert (True, url) == (first["web_running"], first["address"])
    assert not second["web_running"]
    assert not after["web_running"]


def test_no_secret_is_in_a_command_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text('models_token = "a-token-of-the-runtime"\n', encoding="utf-8")
    with serving(home, command="up") as running:
        every_program(home)
        all_processes = [
            psutil.Process(running.process.pid),
            *psutil.Process(running.process.pid).children(recursive=True),
        ]
        lines = [process.cmdline() for process in all_processes]
        output = next(line for line in running.output if "enter the code" in line)
    code = output.partition("enter the code ")[2].partition(",")[0]

    assert SUPERVISOR in str(lines)
    assert len(code) == 9
    assert "a-token-of-the-runtime" not in str(lines)
    assert code not in str(lines)
