"""A real `lampstand up` or `serve` on a free port of the loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

LAMPSTAND = str(Path(sys.executable).with_name("lampstand"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A running appliance: its address, its process, and a client of it."""

    def __init__(self, url: str, process: subprocess.Popen[str], home: Path) -> None:
        self.url, self.process, self.home = url, process, home
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False)


@contextlib.contextmanager
def serving(home: Path, *, command: str = "serve") -> Iterator[Served]:
    """Run the command until the block ends; the first health answer is waited for."""
    port = free_port()
    process = subprocess.Popen(
        [LAMPSTAND, "--home", str(home), command, "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    served = Served(f"http://127.0.0.1:{port}", process, home)
    try:
        _wait(served)
        yield served
    finally:
        served.http.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(served: Served) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if served.process.poll() is not None:
            raise AssertionError(f"ended at start: {served.process.stdout.read()}")
        try:
            if served.http.get("/api/v1/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)  # the address is not listened on yet, which is nothing to wait on
    raise AssertionError("did not answer within a minute")
