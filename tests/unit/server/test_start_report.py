"""The process that reports the start of the web server."""

import http.server
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from fakes.serving import free_port

from server import start_report
from server.start_report import answers, start_reporter


class _Healthy(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/api/v1/health" else 404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class _Broken(_Healthy):
    status = 503


Serve = Callable[[type[_Healthy]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[http.server.HTTPServer] = []

    def begin(handler: type[_Healthy]) -> str:
        server = http.server.HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def report(url: str, failure_status: int = 6) -> tuple[int, list[str]]:
    """The exit status of a reporter, and the lines that it printed."""
    reading, writing = os.pipe()
    lock = os.open(os.devnull, os.O_RDONLY)

    def print_line(line: str) -> None:
        os.write(writing, f"{line}\n".encode())

    def fail() -> int:
        print_line("failed")
        return failure_status

    reporter = start_reporter(url, lock, print_line, fail)
    os.close(writing)
    os.close(lock)
    _, status = os.waitpid(reporter, 0)
    with os.fdopen(reading, encoding="utf-8") as output:
        return os.waitstatus_to_exitcode(status), output.read().splitlines()


def test_a_server_that_answers_is_reported(serve: Serve) -> None:
    url = serve(_Healthy)
    assert answers(url)
    assert (0, [url]) == report(url)


def test_a_server_that_does_not_answer_in_time_is_a_failure(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_report, "START_TIMEOUT_S", 0.1)
    assert not answers(serve(_Broken))
    assert (6, ["failed"]) == report(f"http://127.0.0.1:{free_port()}")


def test_the_reporter_ends_when_its_parent_ends() -> None:
    reading, writing = os.pipe()
    starter = os.fork()
    if not starter:
        lock = os.open(os.devnull, os.O_RDONLY)
        start_reporter(f"http://127.0.0.1:{free_port()}", lock, lambda _url: None, lambda: 6)
        os._exit(0)
    os.close(writing)
    os.waitpid(starter, 0)

    # The pipe ends when the reporter ends, because it is the last process that has it open.
    with os.fdopen(reading, "rb") as end:
        assert b"" == end.read()
