"""A local HTTP server with one file. A test can make it close connections early, serve ranges, redirect, or refuse."""

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator


class BreakingServer:
    """The settings of the server. `breaks` has, for each of the next answers, the position in the file where it ends.

    `ranges` turns on ranges. A range starts `resumes_too_late` bytes after the requested start, and its header has that
    later start. `requested_ranges` has the ranges that were requested.
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
        self.requested_ranges: list[str] = []
        self.url = ""


@contextlib.contextmanager
def breaking_server(content: bytes) -> Iterator[BreakingServer]:
    """Serve on the loopback until the block ends."""
    served = BreakingServer(content)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(served, self)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/resolve/model.gguf?download=true"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def _answer(served: BreakingServer, request: http.server.BaseHTTPRequestHandler) -> None:
    requested_range = request.headers.get("Range", "")
    served.requested_ranges.append(requested_range)
    if served.status != 200:
        request.send_error(served.status)
        return
    if request.path.startswith("/resolve"):
        request.send_response(302)
        if served.stated:
            request.send_header("X-Linked-Etag", f'"{served.stated}"')
        request.send_header("Location", served.location)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    range_match = re.match(r"bytes=(\d+)-", requested_range)
    start = (
        int(range_match[1]) if range_match and served.ranges and request.headers.get("If-Range") == served.tag else 0
    )
    start += served.resumes_too_late if start else 0
    length = len(served.content) if served.claimed_length is None else served.claimed_length
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{length - 1}/{length}")
    request.send_header("Content-Length", str(length - start))
    request.send_header("ETag", served.tag)
    if served.kind:
        request.send_header("Content-Type", served.kind)
    request.end_headers()
    end = served.breaks.pop(0) if served.breaks else len(served.content)
    with contextlib.suppress(ConnectionError):
        request.wfile.write(served.content[start : max(start, end)])
    request.close_connection = True
