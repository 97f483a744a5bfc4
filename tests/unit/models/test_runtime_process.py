"""The outcome of starting a runtime: it listens, another runtime has the socket, or it failed."""

import sys
from pathlib import Path

import pytest

from models import runtime_process
from models.runtime_process import StartOutcome, log_file, start_runtime

# The last argument is the descriptor that gets a byte when requests are accepted.
LISTENS = 'for last; do :; done; printf 1 >"/proc/self/fd/$last"; exec sleep 0.1'


def start(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> StartOutcome:
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    return start_runtime(folder / "models", folder / "models.sock", 5)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (LISTENS, StartOutcome.LISTENING),
        ("exit 0", StartOutcome.LEFT_TO_ANOTHER),
        ("exit 3", StartOutcome.FAILED),
        ("kill -9 $$", StartOutcome.FAILED),
    ],
)
def test_each_outcome_of_a_start_is_distinguished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, outcome: StartOutcome
) -> None:
    assert outcome is start(tmp_path, monkeypatch, script)


def test_a_runtime_that_does_not_report_in_time_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_process, "START_TIMEOUT_S", 0.01)

    assert StartOutcome.FAILED is start(tmp_path, monkeypatch, "exec sleep 0.5")


def test_the_output_of_a_runtime_is_appended_to_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("one", "two"):
        start(tmp_path, monkeypatch, f"echo {word}; echo error >&2; exit 3")

    assert tmp_path / "logs" / "models.log" == log_file(tmp_path / "models")
    assert ["one", "error", "two", "error"] == log_file(tmp_path / "models").read_text().split()
