"""When a client starts a runtime, and what it says where none starts."""

import time
from pathlib import Path

import pytest

from models import client as module
from models.client import Client
from models.errors import ModelUnavailable
from models.runtime_process import StartOutcome


@pytest.mark.parametrize("patience", [0.0, 0.3])
def test_a_client_that_is_to_wait_starts_nothing(tmp_path: Path, patience: float) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock", patience=lambda: patience)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="does not run"):
        client.embed(["text"], model="any")
    client.close()

    assert time.monotonic() - began >= patience
    assert [] == list(tmp_path.iterdir())


def starts(monkeypatch: pytest.MonkeyPatch, *outcomes: StartOutcome) -> list[StartOutcome]:
    """Starts that go so, one after another; those that were not needed are left."""
    left = list(outcomes)
    monkeypatch.setattr(module, "start_runtime", lambda *_arguments: left.pop(0))
    return left


def test_a_failed_start_names_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts(monkeypatch, StartOutcome.FAILED)
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")

    with pytest.raises(ModelUnavailable, match=r"did not start; .*models\.log says why"):
        client.ensure_running()
    client.close()


def test_a_runtime_that_another_process_starts_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")
    left = starts(monkeypatch, StartOutcome.LEFT_TO_ANOTHER, StartOutcome.LEFT_TO_ANOTHER, StartOutcome.FAILED)
    monkeypatch.setattr(client, "is_running", lambda: len(left) == 1)
    client.ensure_running()
    client.close()

    assert [StartOutcome.FAILED] == left


def test_a_runtime_that_another_process_starts_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_TIMEOUT_S", -1)
    starts(monkeypatch, StartOutcome.LEFT_TO_ANOTHER)
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")

    with pytest.raises(ModelUnavailable, match="did not start"):
        client.ensure_running()
    client.close()
