"""When a client starts a runtime, and its error if none starts."""

import time
from pathlib import Path

import pytest

from models import client as module
from models.client import Client
from models.errors import ModelUnavailable
from models.runtime_process import StartOutcome


@pytest.mark.parametrize("wait_for_start", [0.0, 0.3])
def test_a_client_that_waits_for_another_program_starts_no_runtime(tmp_path: Path, wait_for_start: float) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock", wait_for_start=lambda: wait_for_start)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="is not running"):
        client.embed(["text"], model="any")
    client.close()

    assert time.monotonic() - began >= wait_for_start
    assert [] == list(tmp_path.iterdir())


def starts(monkeypatch: pytest.MonkeyPatch, *outcomes: StartOutcome) -> list[StartOutcome]:
    """Simulate these outcomes of starts, one after another. The outcomes that were not used remain."""
    remaining_outcomes = list(outcomes)
    monkeypatch.setattr(module, "start_runtime", lambda *_arguments: remaining_outcomes.pop(0))
    return remaining_outcomes


def test_the_error_of_a_failed_start_names_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts(monkeypatch, StartOutcome.FAILED)
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")

    with pytest.raises(ModelUnavailable, match=r"did not start\. The reason is in .*models\.log"):
        client.ensure_running()
    client.close()


def test_a_client_waits_for_a_runtime_that_another_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")
    remaining_outcomes = starts(
        monkeypatch, StartOutcome.LEFT_TO_ANOTHER, StartOutcome.LEFT_TO_ANOTHER, StartOutcome.FAILED
    )
    monkeypatch.setattr(client, "is_running", lambda: len(remaining_outcomes) == 1)
    client.ensure_running()
    client.close()

    assert [StartOutcome.FAILED] == remaining_outcomes


def test_the_wait_for_a_runtime_of_another_process_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_TIMEOUT_S", -1)
    starts(monkeypatch, StartOutcome.LEFT_TO_ANOTHER)
    client = Client(folder=tmp_path / "models", socket=tmp_path / "models.sock")

    with pytest.raises(ModelUnavailable, match="did not start"):
        client.ensure_running()
    client.close()
