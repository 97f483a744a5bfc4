"""A proxy between a browser and a server. The proxy breaks one event stream."""

import contextlib
import http.server
import threading
from collections.abc import Iterator

import httpx

HOP_BY_HOP_HEADERS = ("connection", "content-length", "transfer-encoding")


class BreakingLink:
    """A proxy that ends the stream at `path` early.

    `breaks` has, for each of the first connections, the number of events before it breaks. Later connections do not
    break. `last_event_ids` has the Last-Event-ID of each connection.
    """

    def __init__(self, url: str, path: str, breaks: list[int]) -> None:
        self.url, self.path, self.breaks = url, path, breaks
        self.last_event_ids: list[str | None] = []


@contextlib.contextmanager
def breaking_link(server_url: str, path: str, breaks: list[int]) -> Iterator[BreakingLink]:
    """Forward requests to the server until the block ends. The proxy has its own URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _forward(link, client, self)

        def do_POST(self) -> None:
            _forward(link, client, self)

        def log_message(self, *_arguments: object) -> None:
            pass

    with httpx.Client(base_url=server_url, timeout=30, trust_env=False) as client:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        link = BreakingLink(f"http://127.0.0.1:{server.server_port}", path, breaks)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield link
        finally:
            server.shutdown()
            server.server_close()


def _forward(link: BreakingLink, client: httpx.Client, request: http.server.BaseHTTPRequestHandler) -> None:
    body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP_HEADERS}
    forwarded = client.build_request(request.command, request.path, headers=headers, content=body or None)
    # The browser may close a stream at any time.
    with contextlib.closing(client.send(forwarded, stream=True)) as answer, contextlib.suppress(ConnectionError):
        request.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in HOP_BY_HOP_HEADERS:
                request.send_header(name, value)
        request.end_headers()
        for part in _events(link, request, answer) if request.path == link.path else answer.iter_raw():
            request.wfile.write(part)


def _events(link: BreakingLink, request: http.server.BaseHTTPRequestHandler, answer: httpx.Response) -> Iterator[bytes]:
    link.last_event_ids.append(request.headers.get("Last-Event-ID"))
    events = link.breaks.pop(0) if link.breaks else None
    yield b"retry: 50\n\n"
    for line in answer.iter_lines():
        yield f"{line}\n".encode()
        if line.startswith("data:") and events is not None:
            events -= 1
            if not events:
                yield b"\n"
                return
