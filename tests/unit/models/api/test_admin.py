"""The list of models, the health check, the metrics, and the administration of models over HTTP."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.model_processes import TAKEN_BYTES, FakeProcesses
from litestar import Litestar
from litestar.testing import TestClient

from models.api.admin import ModelRuntimeHealth
from models.errors import ModelUnavailable
from models.runtime.model_runtime import ModelRuntime

Client = TestClient[Litestar]
NAMES = ("chat", "embed", "rerank")


def health_of(client: Client) -> ModelRuntimeHealth:
    return msgspec.json.decode(client.get("/health").content, type=ModelRuntimeHealth)


def status_of(client: Client, name: str) -> dict[str, Any]:
    (status,) = [status for status in client.get("/admin/models").json()["models"] if status["id"] == name]
    return dict(status)


def test_the_health_check_counts_the_loaded_models(client: Client, processes: FakeProcesses) -> None:
    before = health_of(client)
    client.post("/admin/models/embed/load")
    after = health_of(client)

    assert ("ok", 0, 0) == (before.status, before.loaded, before.queued)
    assert 1 == after.loaded
    assert after.memory_bytes > 0


def test_each_model_is_listed_with_its_role(client: Client) -> None:
    roles = {card["id"]: card["role"] for card in client.get("/v1/models").json()["data"]}

    assert {name: name for name in NAMES} == {name: roles[name] for name in NAMES}


def test_a_listed_model_does_not_reveal_its_path(client: Client, tmp_path: Path) -> None:
    answer = client.get("/v1/models")

    assert {"lampstand"} == {card["owned_by"] for card in answer.json()["data"]}
    assert str(tmp_path) not in answer.text


def test_a_model_has_the_fields_of_the_protocol(client: Client, processes: FakeProcesses) -> None:
    client.post("/admin/models/chat/load")

    assert {
        "id": "chat",
        "created": 1,
        "owned_by": "lampstand",
        "role": "chat",
        "backend": "misbehaving",
        "size": 7,
        "loaded": True,
        "object": "model",
    } == client.get("/v1/models/chat").json()
    assert not client.get("/v1/models/embed").json()["loaded"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models/missing"),
        ("GET", "/admin/plan?model=missing"),
        ("DELETE", "/admin/models/missing"),
        ("POST", "/admin/models/missing/load"),
        ("POST", "/admin/models/missing/unload"),
        ("POST", "/admin/models/missing/pin"),
        ("POST", "/admin/models/missing/unpin"),
    ],
)
def test_an_unknown_model_is_not_found(client: Client, method: str, path: str) -> None:
    answer = client.request(method, path)

    assert 404 == answer.status_code
    assert "There is no model 'missing'" in answer.json()["error"]["message"]


def test_a_model_is_loaded_and_unloaded(client: Client, processes: FakeProcesses) -> None:
    assert "available" == status_of(client, "chat")["state"]
    assert "loaded" == client.post("/admin/models/chat/load").json()["state"]
    assert "loaded" == status_of(client, "chat")["state"]
    assert "available" == client.post("/admin/models/chat/unload").json()["state"]


def test_loading_a_loaded_model_does_not_start_it_again(client: Client, processes: FakeProcesses) -> None:
    for _ in range(2):
        client.post("/admin/models/chat/load")

    assert ["chat"] == processes.started


def test_unloading_a_model_that_is_not_loaded_changes_nothing(client: Client) -> None:
    assert "available" == client.post("/admin/models/chat/unload").json()["state"]


def test_pinning_a_model_loads_it(client: Client, runtime: ModelRuntime, processes: FakeProcesses) -> None:
    status = client.post("/admin/models/chat/pin").json()

    assert (True, "loaded") == (status["pinned"], status["state"])
    assert {"chat"} == runtime.catalogue.pinned()


def test_unpinning_a_model_does_not_unload_it(client: Client, runtime: ModelRuntime, processes: FakeProcesses) -> None:
    client.post("/admin/models/chat/pin")
    status = client.post("/admin/models/chat/unpin").json()

    assert (False, "loaded") == (status["pinned"], status["state"])
    assert set() == runtime.catalogue.pinned()


def test_a_model_that_cannot_be_loaded_is_not_pinned(
    client: Client, runtime: ModelRuntime, processes: FakeProcesses
) -> None:
    processes.load_errors = [ModelUnavailable("The library is not installed.")]
    answer = client.post("/admin/models/chat/pin")

    assert (503, "The library is not installed.") == (answer.status_code, answer.json()["error"]["message"])
    assert set() == runtime.catalogue.pinned()


def test_removing_a_model_unloads_it_and_deletes_its_file(
    client: Client, processes: FakeProcesses, tmp_path: Path
) -> None:
    client.post("/admin/models/chat/pin")
    answer = client.delete("/admin/models/chat")

    assert (200, "chat") == (answer.status_code, answer.json()["id"])
    assert 404 == client.get("/v1/models/chat").status_code
    assert 0 == health_of(client).loaded
    assert not (tmp_path / "chat").exists()


def test_a_model_is_added_by_an_absolute_path(client: Client) -> None:
    answer = client.post("/admin/models", json={"path": "models/chat.gguf"})

    assert 400 == answer.status_code
    assert "`path` must be absolute" in answer.json()["error"]["message"]


def test_a_missing_file_is_not_added(client: Client, tmp_path: Path) -> None:
    answer = client.post("/admin/models", json={"path": str(tmp_path / "missing.gguf")})

    assert 400 == answer.status_code
    assert "There is no file or folder" in answer.json()["error"]["message"]


def test_a_plan_says_where_a_model_would_be_loaded_and_why(client: Client, processes: FakeProcesses) -> None:
    plan = client.get("/admin/plan", params={"model": "chat"}).json()

    assert ("chat", "cpu") == (plan["model"], plan["device"])
    assert plan["reasons"]
    assert [] == processes.started


def test_a_plan_needs_the_name_of_a_model(client: Client) -> None:
    assert 400 == client.get("/admin/plan").status_code


def test_devices_are_the_machine_and_its_queues(client: Client, processes: FakeProcesses) -> None:
    before = client.get("/admin/devices").json()
    client.post("/v1/embeddings", json={"model": "embed", "input": "river"})
    after = client.get("/admin/devices").json()

    assert ("a processor", []) == (before["machine"]["processor"]["name"], before["queues"])
    assert [{"name": "cpu", "capacity": 128, "waiting": {"generation": 0, "pass": 0}, "largest_pass": 1}] == after[
        "queues"
    ]


def test_the_metrics_have_the_memory_of_loaded_models_and_the_queues(client: Client, processes: FakeProcesses) -> None:
    client.post("/v1/embeddings", json={"model": "embed", "input": "river"})
    answer = client.get("/metrics")
    lines = answer.text.splitlines()

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    (loaded_bytes,) = [line for line in lines if line.startswith('lampstand_models_loaded_bytes{model="embed"}')]
    assert TAKEN_BYTES == float(loaded_bytes.split()[-1])
    assert 'lampstand_models_queued{device="cpu",lane="generation"} 0.0' in lines
    assert 'lampstand_models_queued{device="cpu",lane="pass"} 0.0' in lines


def test_the_metrics_forget_an_unloaded_model(client: Client, processes: FakeProcesses) -> None:
    client.post("/admin/models/embed/load")
    assert 'loaded_bytes{model="embed"}' in client.get("/metrics").text

    client.post("/admin/models/embed/unload")
    assert 'loaded_bytes{model="embed"}' not in client.get("/metrics").text
