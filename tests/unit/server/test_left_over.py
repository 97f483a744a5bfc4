"""The processes that a new `up` stops: those of its own data folder, and no others."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.paths import DataFolder
from server.left_over import (
    SUPERVISOR,
    end_left_over,
    environment_of,
    left_over,
    name_of_command,
    runtime_wait_for_start,
    supervisor_of,
    users_of,
)

Start = Callable[..., psutil.Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a waiting process with given arguments and environment."""
    children: list[subprocess.Popen[bytes]] = []

    def run(*words: str, environment: dict[str, str] | None = None, code: str = "") -> psutil.Process:
        program = f"{code}\nprint(flush=True)\ninput()"
        child = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        children.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return psutil.Process(child.pid)

    yield run
    for child in children:
        child.kill()
        child.communicate()


def test_only_processes_of_this_folder_are_left_over(tmp_path: Path, start: Start) -> None:
    folder, other = DataFolder(tmp_path / "one").create(), DataFolder(tmp_path / "two").create()
    web = start("serve", environment=environment_of(folder))
    start("serve", environment=environment_of(other))
    start("--home", str(folder.home), "worker", "ocr")
    runtime = start("models.cli", "serve", "--socket", str(folder.models_socket), "--idle-exit", "300")
    start("models.cli", "serve", "--socket", str(other.models_socket), "--idle-exit", "300")

    assert {web.pid, runtime.pid} == {process.pid for process in left_over(folder)}


def test_a_process_with_another_folder_at_the_same_path_is_ignored(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path / "home").create()
    start("serve", environment=environment_of(folder))
    start("models.cli", "serve", "--socket", str(folder.models_socket), "--idle-exit", "300")
    supervisor = start(SUPERVISOR, str(folder.home), "7")
    folder.supervisor_pid.write_text(str(supervisor.pid), encoding="utf-8")
    assert 2 == len(left_over(folder))
    assert supervisor.pid == supervisor_of(folder)

    # As in a container with another root: the same path leads to another folder.
    monkeypatch.setattr(Path, "samefile", lambda _path, other: not str(other).startswith("/proc/"))
    assert [] == end_left_over(folder)
    assert supervisor_of(folder) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can change a process's root")
def test_a_process_in_another_root_is_ignored(tmp_path: Path, start: Start) -> None:
    folder = DataFolder(tmp_path / "home").create()
    inside = DataFolder(tmp_path / "root" / str(folder.home).lstrip("/")).create()
    assert inside.home.exists()
    start("serve", environment=environment_of(folder), code=f"import os; os.chroot({str(tmp_path / 'root')!r})")
    assert [] == left_over(folder)


def test_left_over_processes_are_stopped_and_named(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.left_over.TERMINATE_S", 0.1)
    folder = DataFolder(tmp_path).create()
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    web = start("serve", environment=environment_of(folder))
    worker = start("worker", "ocr", environment=environment_of(folder), code=stubborn)
    names = end_left_over(folder)

    assert [f"web server (process {web.pid})", f"worker of the queue ocr (process {worker.pid})"] == names
    assert [] == left_over(folder)
    assert [] == end_left_over(folder)


def test_the_supervisor_is_found_while_it_runs(tmp_path: Path, start: Start) -> None:
    folder = DataFolder(tmp_path).create()
    pid_file = folder.supervisor_pid
    assert supervisor_of(folder) is None
    pid_file.write_text(str(os.getpid()), encoding="utf-8")
    assert supervisor_of(folder) is None
    supervisor = start(SUPERVISOR, str(folder.home), "7")
    pid_file.write_text(str(supervisor.pid), encoding="utf-8")

    assert supervisor.pid == supervisor_of(folder)
    wait_for_start = runtime_wait_for_start(folder)
    assert wait_for_start is not None
    assert wait_for_start > 0
    supervisor.kill()
    supervisor.wait()
    assert supervisor_of(folder) is None
    assert runtime_wait_for_start(folder) is None


def test_the_processes_that_have_a_file_open_are_found(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "appliance.db"
    path.write_bytes(b"x")
    reader = start(code=f"file = open({str(path)!r})")

    assert [reader.pid] == users_of(path)
    assert [] == users_of(tmp_path / "another.db")


def test_a_file_that_is_open_by_another_path_is_found(tmp_path: Path, start: Start) -> None:
    path, link = tmp_path / "appliance.db", tmp_path / "link"
    path.write_bytes(b"x")
    link.symlink_to(tmp_path)
    reader = start(code=f"file = open({str(link / path.name)!r})")

    assert [reader.pid] == users_of(path)
    assert [reader.pid] == users_of(link / path.name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root sees the files of other users' processes")
def test_root_finds_the_processes_of_other_users(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "appliance.db"
    path.write_bytes(b"x")
    reader = start(code=f"import os; file = open({str(path)!r}); os.setuid(12345)")

    assert [reader.pid] == users_of(path)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("python lampstand --home /data up --port 8000", "lampstand up"),
        ("python -P -m server.supervisor /data 17", "process manager"),
        ("python lampstand --home /data serve --supervised", "web server"),
        ("python lampstand --home /data worker ocr", "worker of the queue ocr"),
        ("python lampstand --home /data models serve", "model runtime"),
        ("python -P -m models.cli serve --folder /data", "model runtime"),
        ("python -P -m models.child 7 onnx", "model"),
        ("/usr/bin/ffmpeg -i file", "ffmpeg"),
    ],
)
def test_processes_have_display_names(line: str, name: str) -> None:
    assert name == name_of_command(line.split())
