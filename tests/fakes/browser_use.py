"""Opens a local page in the browser of the tests. `fakes.offline` runs this program in namespaces without a network."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.browser import ARGUMENTS, CHROMIUM
from playwright.sync_api import sync_playwright

# Without the flags, Chromium makes its first network call about three seconds after its start.
LONG_ENOUGH_MS = 8_000


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<form><input name=name><input name=password type=password></form>")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Log nothing."""


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.fill("input[name=password]", "seven green lamps burn")
        page.wait_for_timeout(LONG_ENOUGH_MS)
        browser.close()


if __name__ == "__main__":
    main()
