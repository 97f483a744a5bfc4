"""How fast an event reaches two hundred clients, and whether a client that reconnects gets exactly the missed events."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import msgspec

from appliance.community.accounts.operations import api_tokens, site_setup
from appliance.community.accounts.permissions import ADMINISTRATORS, Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import EVERYONE, DomainEvent, append_event
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.listeners import ReceivedEvents
from server.benchmarks.report import Measurement, at_most, plain, quantile
from server.benchmarks.serving import served
from server.bootstrap import open_appliance

CLIENTS, EVENTS, EVENT_INTERVAL_S = 200, 100, 0.1
MAX_P95_MS = 250.0
# Five minutes with ten events per second. This is more than the server keeps in memory.
MISSED_EVENTS = 3_000
OnProgress = Callable[[str], None]


class MeasurementEvent(DomainEvent, frozen=True, kw_only=True):
    """An event of this measurement, with the time when it was logged."""

    event_kind: ClassVar[str] = "measurement"

    logged_at: float


def measure_events(parent: Path, on_progress: OnProgress) -> list[Measurement]:
    """Return `p50_ms`, `p95_ms` and `missed`. The baseline is a single client. Raises MeasurementFailed."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=parent) as temporary_folder:
        home = Path(temporary_folder)
        token = _administrator_token(home)
        database = open_appliance(home).appliance_db
        with served(home) as url:
            on_progress("one client")
            single_client_ms, _ = _measure_clients(url, token, 1, database, EVENTS // 4)
            on_progress(f"{CLIENTS} clients")
            took_ms, missed = _measure_clients(url, token, CLIENTS, database, EVENTS)
            on_progress("a client that reconnects")
            missed += _reconnect(url, token, database)
        database.close()
    return [
        plain("p50_ms", quantile(took_ms, 0.5), "ms", quantile(single_client_ms, 0.5)),
        at_most("p95_ms", quantile(took_ms, 0.95), "ms", MAX_P95_MS, quantile(single_client_ms, 0.95)),
        at_most("missed", missed, "events", 0),
    ]


def _administrator_token(home: Path) -> str:
    """Create an administrator and return an API token. Administrators receive more events than guests."""
    database = open_appliance(home).appliance_db
    account = site_setup.new_administrator(database.reader, name="Anna", password="seven green lamps burn")  # noqa: S106 - of a temporary folder
    scopes, now = [Permission.READ, Permission.ADMINISTER], time.time()
    with database.write() as work:
        person = site_setup.create_administrator(work, account, now=now)
        created = api_tokens.create_token(work, person=person, name="measurement", scopes=scopes, days=1, now=now)
    database.close()
    return created.token


def _measure_clients(url: str, token: str, clients: int, database: Database, events: int) -> tuple[list[float], int]:
    """Return the milliseconds from logging to arrival, and the number of missed, repeated or unauthorized events."""
    address = urlsplit(url)
    command = [
        sys.executable,
        "-m",
        "server.benchmarks.listeners",
        str(address.hostname),
        str(address.port),
        str(clients),
    ]
    listeners = subprocess.Popen([*command, token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    assert listeners.stdout is not None  # noqa: S101 - stdout is a pipe
    if listeners.stdout.readline() != "ready\n":
        raise MeasurementFailed("The clients could not connect.", remedy="Check the limit of open files: `ulimit -n`.")
    pause = threading.Event()
    for_all: list[int] = []
    for_members: list[int] = []
    for number in range(events):
        private = number % 5 == 4
        (for_members if private else for_all).append(_log_event(database, ADMINISTRATORS if private else EVERYONE))
        pause.wait(EVENT_INTERVAL_S)
    pause.wait(1.0)
    received = msgspec.json.decode(listeners.communicate("")[0], type=ReceivedEvents)
    return received.took_ms, wrong_events(received, for_all, for_members)


def _log_event(database: Database, audience: str) -> int:
    with database.write() as work:
        now = time.time()
        return append_event(work, MeasurementEvent(logged_at=now), audience, now=now)


def _reconnect(url: str, token: str, database: Database) -> int:
    """Log `MISSED_EVENTS` events, then connect with the id of the event before them. Return the number of wrong events."""
    last = _log_event(database, EVERYONE)
    missed = [_log_event(database, EVERYONE) for _ in range(MISSED_EVENTS)]
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(last)}
    with httpx.stream("GET", f"{url}/events", headers=headers, timeout=30, trust_env=False) as response:
        got = replayed_ids(response.iter_lines(), MISSED_EVENTS)
    return difference(got, missed)


def replayed_ids(lines: Iterable[str], count: int) -> list[int]:
    """Return the ids of the first `count` events of a stream, or of the events up to a `reset`."""
    ids: list[int] = []
    event_types: list[str] = []
    for line in lines:
        if line.startswith("id: "):
            ids.append(int(line[4:]))
        elif line.startswith("event: "):
            event_types.append(line[7:])
        if len(event_types) >= count or "reset" in event_types:
            break
    return ids


def wrong_events(received: ReceivedEvents, for_all: list[int], for_members: list[int]) -> int:
    """Return the number of missed, repeated or unauthorized events of all clients. Guests must get only events for everyone."""
    all_ids = sorted((*for_all, *for_members))
    wrong = sum(difference(got, for_all) for got in received.guests)
    return wrong + sum(difference(got, all_ids) for got in received.members)


def difference(got: list[int], expected: list[int]) -> int:
    """Return 0 if the ids are equal, otherwise the number of missing and extra ids, at least 1."""
    if got == expected:
        return 0
    return len(set(got) ^ set(expected)) or abs(len(got) - len(expected)) or 1
