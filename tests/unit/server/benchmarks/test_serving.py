"""Waiting for the web server of a measurement, and stopping it when the measurement is interrupted."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fakes.serving import free_port

from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.serving import await_answer, exit_on_sigterm, served


@pytest.fixture
def waiting() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs until the end of the test."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


@contextlib.contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[str]]]:
    """A web server that answers with these statuses, one per request. Yields its address and the requested paths."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[len(paths)])
            self.send_header("content-length", "0")
            self.end_headers()
            paths.append(self.path)

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()
            thread.join()


def test_a_server_is_ready_when_the_path_succeeds(waiting: "subprocess.Popen[bytes]") -> None:
    with answering(503, 200) as (url, paths):
        await_answer(f"{url}/api/v1/health", waiting)

    assert ["/api/v1/health", "/api/v1/health"] == paths


def test_a_server_that_ends_early_stops_the_measurement(waiting: "subprocess.Popen[bytes]") -> None:
    waiting.communicate()

    with pytest.raises(MeasurementFailed, match="did not start") as error:
        await_answer(f"http://127.0.0.1:{free_port()}", waiting)
    assert "lampstand status" in error.value.remedy


def test_a_command_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "lampstand"
    command.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nexit 1\n', encoding="utf-8")
    command.chmod(0o700)
    # The command is next to the interpreter.
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(MeasurementFailed, match="did not start"), served(tmp_path / "home"):
        pass
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8").split()
    assert ["--home", f"{tmp_path}/home", "serve", "--host", "127.0.0.1", "--port"] == arguments[:-1]


def test_sigterm_ends_the_measurement_after_its_clean_up() -> None:
    steps: list[str] = []

    with pytest.raises(SystemExit) as stopped, exit_on_sigterm():
        try:
            signal.raise_signal(signal.SIGTERM)
            steps.append("not reached")
        finally:
            steps.append("cleaned up")
    assert (128 + 15, ["cleaned up"]) == (stopped.value.code, steps)


def test_after_the_measurement_sigterm_has_its_former_handler() -> None:
    received: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    try:
        with exit_on_sigterm():
            pass
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, former)

    assert [15] == received
