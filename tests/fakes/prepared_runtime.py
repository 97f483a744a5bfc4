"""A model runtime with prepared answers, on a Unix socket in the process of the test."""

import contextlib
import http.server
import socketserver
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from models.errors import ModelError, ModelUnknown
from models.messages import ErrorBody, ErrorResponse

HEALTH = "GET /health"


class PreparedRuntime:
    """`answers` has an answer for each method and path: a value, the bytes of a value, or an error.

    `requests` and `bodies` record the requests so far, without health checks.
    """

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = {HEALTH: {}, **answers}
        self.requests: list[str] = []
        self.bodies: list[bytes] = []

    def answer(self, request: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer to a request."""
        if request != HEALTH:
            self.requests.append(request)
            self.bodies.append(body)
        answer = self.answers.get(request, ModelUnknown(f"There is nothing at {request}."))
        if isinstance(answer, ModelError):
            error = ErrorBody(message=answer.message, type=answer.kind, code=answer.status)
            return answer.status, msgspec.json.encode(ErrorResponse(error=error))
        return 200, answer if isinstance(answer, bytes) else msgspec.json.encode(answer)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def prepared_runtime(socket: Path, answers: Mapping[str, object]) -> Iterator[PreparedRuntime]:
    """Serve on a socket until the block ends."""
    runtime = PreparedRuntime(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, content = runtime.answer(f"{self.command} {self.path}", body)
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None: ...

    server = _Server(str(socket), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield runtime
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
