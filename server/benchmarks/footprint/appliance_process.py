"""Run `lampstand up` on a copy of a data folder."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.processes import end_process_tree
from server.benchmarks.footprint.memory import ProcessMemory, memory_of_tree
from server.benchmarks.footprint.site import FootprintSite
from server.benchmarks.helper_process import MeasurementFailed

LAMPSTAND = str(Path(sys.executable).with_name("lampstand"))
START_S, STOP_S, ANSWER_S = 120.0, 60.0, 60.0
POLL_S = 0.05
# No run sends as many requests. The limit soon stops a programming error that repeats requests.
MAX_REQUESTS = 60_000
Answer = TypeVar("Answer")


class _RuntimeHealth(msgspec.Struct):
    """The health of the model runtime: only the fields that are needed here."""

    loaded: int


class RequestLimit:
    """Counts the requests of a measurement, and stops the measurement after too many requests."""

    def __init__(self, limit: int = MAX_REQUESTS) -> None:
        self.count, self._limit = 0, limit

    def count_request(self, _request: httpx.Request) -> None:
        """Count a request before it is sent. Raises MeasurementFailed."""
        self.count += 1
        if self.count > self._limit:
            raise MeasurementFailed(
                f"The measurement sent more than {self._limit:,} requests.",
                remedy="Check whether the machine is very slow or busy.",
            )

    def client(self, **options: object) -> httpx.Client:
        """Return an httpx client whose requests are counted. `options` are the options of `httpx.Client`."""
        return httpx.Client(trust_env=False, timeout=ANSWER_S, event_hooks={"request": [self.count_request]}, **options)  # type: ignore[arg-type]


class Running:
    """A running server. `started` is its start time by `time.perf_counter`."""

    def __init__(self, site: FootprintSite, url: str, process: "subprocess.Popen[bytes]", limit: RequestLimit) -> None:
        self.started = time.perf_counter()
        self.site, self.url, self.process, self.limit = site, url, process, limit
        self.guest = limit.client(base_url=url)
        self.administrator = limit.client(base_url=url, headers={"Authorization": f"Bearer {site.token}"})
        transport = httpx.HTTPTransport(uds=str(DataFolder(site.home).models_socket))
        self._models = limit.client(base_url="http://models", transport=transport)

    def memory(self) -> list[ProcessMemory]:
        return memory_of_tree(self.process.pid)

    def await_page(self) -> float:
        """Wait until the home page is served. Return the seconds since the start. Raises MeasurementFailed."""
        self.wait_for(lambda: self._succeeds(self.guest, "/"), "The home page was not served.")
        return time.perf_counter() - self.started

    def await_ready(self) -> None:
        """Wait for the web server and the model runtime without opening a page. Raises MeasurementFailed."""
        self.wait_for(lambda: self._succeeds(self.guest, "/api/v1/health"), "The web server did not start.")
        self.wait_for(lambda: self._succeeds(self._models, "/health"), "The model runtime did not start.")

    def loaded_models(self) -> int:
        """Return the number of models that the runtime has loaded."""
        return msgspec.json.decode(self._models.get("/health").raise_for_status().content, type=_RuntimeHealth).loaded

    def wait_for(self, check: Callable[[], Answer | None], failure: str, limit_s: float = START_S) -> Answer:
        """Return the first true result of `check`. Raises MeasurementFailed after `limit_s` seconds."""
        deadline, pause = time.monotonic() + limit_s, threading.Event()
        while time.monotonic() < deadline and self.process.poll() is None:
            if answer := check():
                return answer
            pause.wait(POLL_S)
        raise MeasurementFailed(
            failure, remedy="Check whether the machine is busy. `lampstand doctor` finds other problems."
        )

    def close(self) -> None:
        for client in (self.guest, self.administrator, self._models):
            client.close()

    def _succeeds(self, client: httpx.Client, path: str) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return client.get(path).is_success
        return False


@contextlib.contextmanager
def running(site: FootprintSite, limit: RequestLimit) -> Iterator[Running]:
    """Start the server on free loopback ports, and do not wait until it answers. Stop it at the end of the context.

    Raises MeasurementFailed if the server does not stop.
    """
    port, https_port = _free_ports()
    address = ["--host", "127.0.0.1", "--port", str(port), "--https-port", str(https_port)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [LAMPSTAND, "--home", str(site.home), "up", *address], stdout=subprocess.DEVNULL, env=site.environment
    )
    appliance = Running(site, f"http://127.0.0.1:{port}", process, limit)
    try:
        yield appliance
    finally:
        appliance.close()
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        end_process_tree(process.pid)
        process.wait()
        raise MeasurementFailed("Lampstand did not stop, so its processes were killed.", remedy="Try again.") from None


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
