"""A local HTTP server of one file, which breaks off, answers ranges, redirects, or refuses, as it is told to."""

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator


class BreakingServer:
    """`breaks` says after how many bytes each of the next answers ends; `ranges` whether it goes on where it broke.

    It goes on `resumes_too_late` bytes later than it is asked to, and says so.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.breaks: list[int] = []
        self.ranges = True
        self.tag = '"v1"'
        self.stated = ""
        self.status = 200
        self.claimed_length: int | None = None
        self.resumes_too_late = 0
        self.location = "/storage/model.gguf"
        self.kind = ""
        self.asked: list[str] = []
        self.url = ""


@contextlib.contextmanager
def breaking_server(content: bytes) -> Iterator[BreakingServer]:
    """Serve on the loopback until the block ends."""
    told = BreakingServer(content)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(told, self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/resolve/model.gguf?download=true"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


def _answer(told: BreakingServer, request: http.server.BaseHTTPRequestHandler) -> None:
    asked = request.headers.get("Range", "")
    told.asked.append(asked)
    if told.status != 200:
        request.send_error(told.status)
        return
    if request.path.startswith("/resolve"):
        request.send_response(302)
        if told.stated:
            request.send_header("X-Linked-Etag", f'"{told.stated}"')
        request.send_header("Location", told.location)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    found = re.match(r"bytes=(\d+)-", asked)
    start = int(found[1]) if found and told.ranges and request.headers.get("If-Range") == told.tag else 0
    start += told.resumes_too_late if start else 0
    length = len(told.content) if told.claimed_length is None else told.claimed_length
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{length - 1}/{length}")
    request.send_header("Content-Length", str(length - start))
    request.send_header("ETag", told.tag)
    if told.kind:
        request.send_header("Content-Type", told.kind)
    request.end_headers()
    end = told.breaks.pop(0) if told.breaks else len(told.content)
    with contextlib.suppress(ConnectionError):
        request.wfile.write(told.content[start : max(start, end)])
    request.close_connection = True
