"""How soon an event reaches two hundred clients, and whether one that was away gets exactly what it missed."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import msgspec

from appliance.community.accounts.operations import api_tokens, site_setup
from appliance.community.accounts.permissions import ADMINISTRATORS, Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import EVERYONE, DomainEvent, append_event
from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.listeners import Heard
from server.benchmarks.report import Measurement, at_most, plain, quantile
from server.benchmarks.serving import served
from server.bootstrap import open_appliance

CLIENTS, EVENTS, EACH_S = 200, 100, 0.1
MAX_P95_MS = 250.0
# What five minutes bring at ten events a second: more than the server keeps in memory.
AWAY_EVENTS = 3_000
OnProgress = Callable[[str], None]


class Measured(DomainEvent, frozen=True, kw_only=True):
    """An event of this measurement: the time of day at which it was logged."""

    event_kind: ClassVar[str] = "measurement"

    said_at: float


def measure_events(scratch_in: Path, on_progress: OnProgress) -> list[Measurement]:
    """`p50_ms`, `p95_ms`, `missed`, and what one write and one client alone cost. Raises MeasurementFailed."""
    with tempfile.TemporaryDirectory(prefix="lampstand-bench-", dir=scratch_in) as scratch:
        home = Path(scratch)
        token = _member(home)
        database = open_appliance(home).appliance_db
        with served(home) as url:
            on_progress("one client")
            alone, _ = _told(url, token, 1, database, EVENTS // 4)
            on_progress(f"{CLIENTS} clients")
            took, missed = _told(url, token, CLIENTS, database, EVENTS)
            on_progress("a client that was away")
            missed += _away(url, token, database)
        database.close()
    return [
        plain("p50_ms", quantile(took, 0.5), "ms", quantile(alone, 0.5)),
        at_most("p95_ms", quantile(took, 0.95), "ms", MAX_P95_MS, quantile(alone, 0.95)),
        at_most("missed", missed, "events", 0),
    ]


def _member(home: Path) -> str:
    """The token of an administrator, who sees more than guests do."""
    database = open_appliance(home).appliance_db
    account = site_setup.new_administrator(database.reader, name="Anna", password="seven green lamps burn")  # noqa: S106 - of a folder that goes
    scopes, now = [Permission.READ, Permission.ADMINISTER], time.time()
    with database.write() as work:
        person = site_setup.create_administrator(work, account, now=now)
        made = api_tokens.create_token(work, person=person, name="measurement", scopes=scopes, days=1, now=now)
    database.close()
    return made.token


def _told(url: str, token: str, clients: int, database: Database, events: int) -> tuple[list[float], int]:
    """Milliseconds from saying to hearing, and how often somebody missed, repeated or should not have got an event."""
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
    assert listeners.stdout is not None  # noqa: S101 - PIPE was asked for
    if listeners.stdout.readline() != "ready\n":
        raise MeasurementFailed("The clients could not connect.", remedy="Are there enough file handles: `ulimit -n`?")
    pause = threading.Event()
    for_all: list[int] = []
    for_members: list[int] = []
    for number in range(events):
        private = number % 5 == 4
        (for_members if private else for_all).append(_say(database, ADMINISTRATORS if private else EVERYONE))
        pause.wait(EACH_S)
    pause.wait(1.0)
    heard = msgspec.json.decode(listeners.communicate("")[0], type=Heard)
    everything = sorted((*for_all, *for_members))
    wrong = sum((_difference(got, for_all) for got in heard.guests), 0)
    wrong += sum((_difference(got, everything) for got in heard.members), 0)
    return heard.took_ms, wrong


def _say(database: Database, audience: str) -> int:
    with database.write() as work:
        now = time.time()
        return append_event(work, Measured(said_at=now), audience, now=now)


def _away(url: str, token: str, database: Database) -> int:
    """Go away, let five minutes' events happen, come back by the last id; how many are missing, twice or misplaced."""
    last = _say(database, EVERYONE)
    missed = [_say(database, EVERYONE) for _ in range(AWAY_EVENTS)]
    got: list[int] = []
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(last)}
    with httpx.stream("GET", f"{url}/events", headers=headers, timeout=30, trust_env=False) as response:
        kinds: list[str] = []
        for line in response.iter_lines():
            if line.startswith("id: "):
                got.append(int(line[4:]))
            elif line.startswith("event: "):
                kinds.append(line[7:])
            if len(kinds) >= AWAY_EVENTS or "reset" in kinds:
                break
    return _difference(got, missed)


def _difference(got: list[int], wanted: list[int]) -> int:
    """How many of what was wanted is missing, or not in its order, or there without being wanted."""
    if got == wanted:
        return 0
    return len(set(got) ^ set(wanted)) or abs(len(got) - len(wanted)) or 1
