"""The web application of a model runtime whose models run inside the process of the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.model_processes import FakeProcesses, fake_runtime
from litestar import Litestar
from litestar.testing import TestClient

from models.api.app import Activity, create_app
from models.runtime.metrics import Metrics
from models.runtime.model_runtime import ModelRuntime


@pytest.fixture
def runtime(tmp_path: Path, processes: FakeProcesses) -> ModelRuntime:
    return fake_runtime(tmp_path)


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    """Create the application once, because this takes longer than most tests. Each test gives it its own runtime."""
    return create_app(fake_runtime(tmp_path_factory.mktemp("shared")), Activity(Metrics()))


@pytest.fixture
def app(shared_app: Litestar, runtime: ModelRuntime) -> Litestar:
    shared_app.state.runtime = runtime
    return shared_app


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app) as opened:
        yield opened
