"""The start report: a process that waits until the web server answers, reports this, and ends."""

import contextlib
import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

# The signals that stop `up`. They are blocked until the supervisor has installed its handlers, so that no signal is lost.
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_TIMEOUT_S = 60.0
POLL_S = 0.05
ANSWER_TIMEOUT_S = 2.0


def answers(url: str) -> bool:
    """Whether a Lampstand web server answers at a URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start_reporter(url: str, lock: int, on_served: Callable[[str], None], on_failure: Callable[[], int]) -> int:
    """Start the reporter process and return its PID. The reporter exits with 0, or with the status that `on_failure` returns.

    The reporter shares the standard output of this process and closes the descriptor `lock`. When this process ends, the
    reporter ends silently.
    """
    supervisor = os.getpid()
    reporter = os.fork()
    if reporter:
        return reporter
    status = 0
    try:
        os.close(lock)
        # Ctrl-C reaches every process of the terminal. The supervisor handles it, so this process just ends.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # The terminal may be closed.
        with contextlib.suppress(OSError):
            status = _report(url, supervisor, on_served, on_failure)
    finally:
        os._exit(status)


def _report(url: str, supervisor: int, on_served: Callable[[str], None], on_failure: Callable[[], int]) -> int:
    deadline, pause = time.monotonic() + START_TIMEOUT_S, threading.Event()
    while os.getppid() == supervisor:
        if answers(url):
            on_served(url)
            return 0
        if time.monotonic() > deadline:
            return on_failure()
        pause.wait(POLL_S)
    return 0
