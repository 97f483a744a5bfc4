"""A web server for one data folder, in a child process, for measurements through HTTP."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import httpx

from server.benchmarks.helper_process import MeasurementFailed

START_S, ANSWER_S = 60.0, 60.0


@contextlib.contextmanager
def served(home: Path, ready: str = "health") -> Iterator[str]:
    """Start a server. Yield the address of its API when the path `ready` answers with success. Raises MeasurementFailed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("lampstand")), "--home", str(home), "serve", "--host", "127.0.0.1"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    url = f"http://127.0.0.1:{port}/api/v1"
    try:
        await_answer(f"{url}/{ready}", process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


def await_answer(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until an address answers with success. Raises MeasurementFailed if the process ends first, or after a minute."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(address, timeout=ANSWER_S, trust_env=False).is_success:
                return
        time.sleep(0.1)  # nothing listens on the port yet, so there is no event to wait for
    raise MeasurementFailed(
        "The web server did not start.", remedy="Check with `lampstand status` whether another server is running."
    )


@contextlib.contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that clean-up code stops the child processes."""

    def exit_process(_number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    previous_handler = signal.signal(signal.SIGTERM, exit_process)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
