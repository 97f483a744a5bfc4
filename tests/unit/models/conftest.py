"""Fixtures for tests of the model runtime."""

import pytest
from fakes.model_processes import FakeProcesses


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> FakeProcesses:
    """Replace the processes of models. A test may set their answers and errors."""
    return FakeProcesses(monkeypatch)
