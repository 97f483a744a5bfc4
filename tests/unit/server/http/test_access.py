"""Authentication of requests, with the clock of the appliance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.accounts import NOW, create_administrator, create_token
from fakes.clock import FakeClock
from fakes.small_site import api_routes, serving
from litestar import Litestar
from litestar.testing import TestClient

from appliance.community.accounts import queries
from appliance.community.accounts.operations.sessions import DAY_S, start_session
from appliance.community.accounts.person import Person
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import load_settings
from server.api.accounts import SessionController
from server.bootstrap import Appliance
from server.http.threads import Threads

Client = TestClient[Litestar]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def appliance(tmp_path: Path, clock: FakeClock) -> Iterator[Appliance]:
    """A data folder with a fake clock."""
    folder = DataFolder(tmp_path / "home").create()
    opened = Appliance(folder, load_settings(folder.home), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def anna(appliance: Appliance) -> Person:
    return create_administrator(appliance.appliance_db)


@pytest.fixture
def client(appliance: Appliance, anna: Person) -> Iterator[Client]:
    with serving(appliance, Threads(), [api_routes(SessionController)]) as client:
        yield client


def person_of(client: Client, **headers: str) -> Any:
    return client.get("/api/v1/session", headers=headers).json().get("person")


def test_a_token_is_valid_until_it_expires_and_its_use_is_stored(
    appliance: Appliance, anna: Person, client: Client, clock: FakeClock
) -> None:
    token = create_token(appliance.appliance_db, anna, days=7).token
    bearer = {"Authorization": f"Bearer {token}"}
    clock.advance(60)

    assert "Anna" == person_of(client, **bearer)["name"]
    assert [NOW + 60] == [token.used_at for token in queries.api_tokens(appliance.appliance_db, anna.id)]
    clock.advance(7 * DAY_S)
    assert 401 == client.get("/api/v1/session", headers=bearer).status_code


def test_a_session_is_extended_while_it_is_used(
    appliance: Appliance, anna: Person, client: Client, clock: FakeClock
) -> None:
    with appliance.appliance_db.write() as work:
        signed_in = start_session(work, anna, address="127.0.0.1", agent="Firefox", now=NOW)
    client.cookies.set("__Host-lampstand", signed_in.token, path="/", domain="127.0.0.1")
    for _ in range(3):
        clock.advance(20 * DAY_S)
        assert "Anna" == person_of(client)["name"]
    (session,) = queries.sessions(appliance.appliance_db, anna.id, now=clock.now)
    assert clock.now == session.seen_at

    clock.advance(31 * DAY_S)
    assert person_of(client) is None
