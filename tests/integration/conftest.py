"""A running appliance for read-only tests, and one model runtime per test module that needs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.model_server import ModelServer, serving_chat_models
from fakes.serving import Served, serving

from appliance.infrastructure.paths import DataFolder
from models.catalogue.packaged import MINILM
from models.client import Client


@pytest.fixture(scope="session")
def served(indexed_home: Path) -> Iterator[Served]:
    """`lampstand serve` on the indexed data folder. The model runtime starts on demand."""
    with serving(indexed_home) as running:
        yield running


@pytest.fixture(scope="module")
def model_server(
    tmp_path_factory: pytest.TempPathFactory, runtime: Client, runtime_folder: DataFolder
) -> Iterator[ModelServer]:
    """A model runtime with a fast and a slow chat model, and a short queue."""
    runtime.embed(["ready"], model=MINILM)
    home = tmp_path_factory.mktemp("served")
    folder = home / "models"
    folder.mkdir()
    (folder / f"{MINILM}-onnx").symlink_to(runtime_folder.models / f"{MINILM}-onnx")
    (folder / "runtime.toml").write_text("queue_capacity = 3\n[chat]\nmax_loaded = 2\n")
    with serving_chat_models(home, layers={"quick": 2, "slow": 80}) as running:
        yield running
