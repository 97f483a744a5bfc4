"""The runtime on a Unix socket: one process per socket, and nothing is left when it exits."""

import asyncio
import os
import socket as network
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from litestar import Litestar

from models.api.service import AnnouncingServer, serve
from models.errors import RequestInvalid
from models.files import open_locked


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "models.sock"


@pytest.fixture
def ready_pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe. The server closes the end for writing."""
    for_reading, for_writing = os.pipe()
    yield for_reading, for_writing
    os.close(for_reading)


def is_unlocked(socket: Path) -> bool:
    try:
        open_locked(socket.with_suffix(".lock"), wait=False).close()
    except BlockingIOError:
        return False
    return True


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leave_socket_file(socket: Path) -> None:
    """Leave the file of a socket that nothing listens on, as a killed process does."""
    with network.socket(network.AF_UNIX) as dead:
        dead.bind(str(socket))


def test_an_idle_runtime_exits_and_leaves_no_socket(tmp_path: Path, socket: Path) -> None:
    leave_socket_file(socket)
    serve(tmp_path / "models", socket=socket, idle_exit_s=0)

    assert not socket.exists()
    assert is_unlocked(socket)


def test_a_runtime_that_was_started_on_demand_leaves_the_socket_of_another_runtime_alone(
    tmp_path: Path, socket: Path, ready_pipe: tuple[int, int]
) -> None:
    for_reading, for_writing = ready_pipe
    leave_socket_file(socket)
    with open_locked(socket.with_suffix(".lock")):
        serve(tmp_path / "models", socket=socket, ready_fd=for_writing)
    os.close(for_writing)

    assert socket.exists()
    assert b"" == os.read(for_reading, 1)
    assert not (tmp_path / "models").exists()


def test_a_runtime_with_invalid_settings_leaves_no_lock(tmp_path: Path, socket: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "runtime.toml").write_text("context = 'long'\n")

    with pytest.raises(RequestInvalid, match=r"runtime\.toml cannot be used"):
        serve(folder, socket=socket)
    assert is_unlocked(socket)
    assert not socket.exists()


def test_a_server_reports_when_it_accepts_requests_and_only_its_user_may_connect(
    app: Litestar, socket: Path, ready_pipe: tuple[int, int]
) -> None:
    for_reading, for_writing = ready_pipe
    server = AnnouncingServer(uvicorn.Config(app, uds=str(socket), log_level="warning"), for_writing, socket)

    async def scene() -> tuple[int, int]:
        ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(for_reading, ready.set)
        serving = asyncio.create_task(server.serve())
        await asyncio.wait_for(ready.wait(), 20)
        asyncio.get_running_loop().remove_reader(for_reading)
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://models") as http:
            answer = await http.get("/health")
        mode = mode_of(socket)
        server.should_exit = True
        await serving
        return answer.status_code, mode

    assert (200, 0o600) == asyncio.run(scene())
    # One byte, and then the end of the pipe, because the server closed its side.
    assert [b"1", b""] == [os.read(for_reading, 1), os.read(for_reading, 1)]
