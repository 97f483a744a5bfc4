"""The web application: who may use it, which requests it counts, and when it counts as idle."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.asgi_request import AsgiRequest
from fakes.model_processes import FakeProcesses, fake_runtime
from litestar import Litestar
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send

from models.api.app import MAX_BODY_BYTES, Activity, create_app, watch_idleness
from models.runtime.metrics import Metrics
from models.runtime.model_runtime import ModelRuntime

LONG_AGO_S = 1000.0
Client = TestClient[Litestar]


@pytest.fixture
def app(runtime: ModelRuntime) -> Litestar:
    """Create an application whose counts of requests belong to one test."""
    return create_app(runtime, Activity(runtime.metrics))


@pytest.fixture(scope="module")
def shared_token_app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    return create_app(fake_runtime(tmp_path_factory.mktemp("token")), Activity(Metrics()), token="secret")


@pytest.fixture
def token_client(shared_token_app: Litestar, runtime: ModelRuntime) -> Iterator[Client]:
    """A client of a runtime that requires the token `secret`."""
    shared_token_app.state.runtime = runtime
    with TestClient(shared_token_app) as opened:
        yield opened


def message_of(answer: Any) -> str:
    message: str = answer.json()["error"]["message"]
    return message


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer secret"}, 200),
        ({"authorization": "Bearer secret", "origin": "https://page.example"}, 200),
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "secret"}, 401),
        ({"authorization": ""}, 401),
    ],
)
def test_a_runtime_with_a_token_accepts_only_requests_with_it(
    token_client: Client, headers: dict[str, str], status: int
) -> None:
    assert status == token_client.get("/v1/models", headers=headers).status_code


def test_the_error_without_the_token_says_how_to_send_it(token_client: Client) -> None:
    assert "Send `Authorization: Bearer TOKEN`" in message_of(token_client.get("/v1/models"))


def test_the_health_check_needs_no_token(token_client: Client) -> None:
    assert token_client.get("/health").is_success


def test_a_runtime_without_a_token_refuses_web_pages(client: Client) -> None:
    refused = client.get("/v1/models", headers={"origin": "https://page.example"})

    assert 401 == refused.status_code
    assert "Web pages may not use this runtime" in message_of(refused)
    assert client.get("/v1/models").is_success


def test_an_unknown_path_is_an_error_of_the_protocol(client: Client) -> None:
    answer = client.get("/v1/files")

    assert (404, "invalid_request_error") == (answer.status_code, answer.json()["error"]["type"])


def test_the_error_of_an_invalid_field_names_the_field(client: Client) -> None:
    answer = client.post("/v1/embeddings", json={"model": "embed", "input": "river", "encoding_format": "hex"})

    assert 400 == answer.status_code
    assert "encoding_format" in message_of(answer)


def test_a_body_over_the_limit_is_refused(client: Client, processes: FakeProcesses) -> None:
    answer = client.post("/v1/embeddings", content=b" " * (MAX_BODY_BYTES + 1))

    assert 413 == answer.status_code
    assert [] == processes.started


def test_deeply_nested_json_is_refused(client: Client) -> None:
    answer = client.post("/v1/embeddings", content=b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}")

    assert 400 == answer.status_code
    assert "nested too deeply" in message_of(answer)


def test_pinned_models_are_loaded_at_start_and_stopped_at_the_end(
    runtime: ModelRuntime, app: Litestar, processes: FakeProcesses
) -> None:
    runtime.catalogue.set_pinned("embed", pinned=True)

    async def scene() -> None:
        started = asyncio.Event()
        processes.on_start = started.set
        async with app.lifespan():
            await asyncio.wait_for(started.wait(), 20)

    asyncio.run(scene())

    assert ["embed"] == processes.started
    assert [] == runtime.residency.loaded_models()


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/v1/models", "models", 200),
        ("/v1/models/missing", "models", 404),
        ("/health", "other", 200),
        ("/admin/models", "other", 200),
    ],
)
def test_requests_are_counted_by_kind_and_status(
    client: Client, runtime: ModelRuntime, path: str, kind: str, status: int
) -> None:
    client.get(path)
    line = f'lampstand_models_requests_total{{kind="{kind}",status="{status}"}} 1.0'

    assert line in runtime.metrics.text().decode().splitlines()


def test_an_unknown_path_is_not_counted(client: Client, runtime: ModelRuntime) -> None:
    client.get("/v1/files")

    # Otherwise each unknown path would take memory until the runtime exits.
    assert "files" not in runtime.metrics.text().decode()


def test_a_runtime_is_not_idle_during_a_request() -> None:
    activity, idle_s = Activity(Metrics()), list[float]()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        activity.last_request_at -= LONG_AGO_S
        idle_s.append(activity.idle_s)

    asyncio.run(AsgiRequest(activity.middleware(app), "/v1/models", {}).run())

    assert [0.0] == idle_s


def test_the_idle_time_begins_at_the_end_of_a_request() -> None:
    activity = Activity(Metrics())
    activity.last_request_at -= LONG_AGO_S
    idle_before_s = activity.idle_s

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    asyncio.run(AsgiRequest(activity.middleware(app), "/v1/models", {}).run())

    assert activity.idle_s < LONG_AGO_S <= idle_before_s


def test_a_request_whose_client_disconnects_is_counted_as_cancelled() -> None:
    metrics = Metrics()

    async def scene() -> int:
        activity, begun = Activity(metrics), asyncio.Event()

        async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
            begun.set()
            await asyncio.Event().wait()

        request = asyncio.create_task(AsgiRequest(activity.middleware(app), "/v1/chat/completions", {}).run())
        await begun.wait()
        request.cancel()
        await asyncio.wait([request])
        return activity.in_flight

    assert 0 == asyncio.run(scene())
    assert 'requests_total{kind="chat",status="cancelled"} 1.0' in metrics.text().decode()


def test_a_runtime_that_was_idle_for_long_enough_is_stopped() -> None:
    async def scene() -> list[str]:
        activity, stops = Activity(Metrics()), list[str]()
        activity.last_request_at -= LONG_AGO_S
        await watch_idleness(activity, LONG_AGO_S - 1, lambda: stops.append("stopped"))
        return stops

    assert ["stopped"] == asyncio.run(scene())


def test_a_runtime_with_a_request_in_progress_is_not_stopped() -> None:
    async def scene() -> list[str]:
        activity, stops = Activity(Metrics()), list[str]()
        activity.last_request_at -= LONG_AGO_S
        activity.in_flight = 1
        watching = asyncio.create_task(watch_idleness(activity, LONG_AGO_S - 1, lambda: stops.append("stopped")))
        for _ in range(10):
            await asyncio.sleep(0)
        watching.cancel()
        return stops

    assert [] == asyncio.run(scene())
