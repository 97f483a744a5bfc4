"""An empty site, and its first administrator."""

import time
from collections.abc import Callable

import pytest

from appliance.community.accounts.operations import (
    site_setup,
)
from appliance.community.accounts.person import (
    Person,
)
from appliance.infrastructure.database import Database
from server.bootstrap import Appliance

PASSWORD = "seven green lamps burn"
WHERE = {"address": "10.0.0.7", "agent": "Firefox"}


@pytest.fixture
def database(appliance: Appliance) -> Database:
    return appliance.appliance_db


@pytest.fixture
def anna(database: Database) -> Person:
    return site_setup.create_administrator(database, name="Anna", password=PASSWORD)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock forward by some seconds."""
    clock = time.time

    def move(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: clock() + seconds)

    return move
