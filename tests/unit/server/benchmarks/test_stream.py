"""The choice of the measured chat model."""

import asyncio
from pathlib import Path

import pytest
from fakes.inspection import inspect_in_process
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import Catalogue
from server.benchmarks import stream
from server.benchmarks.random_model import Shape
from server.benchmarks.stream import chat_model
from server.bootstrap import Appliance


@pytest.fixture(autouse=True)
def _models(appliance: Appliance) -> None:
    appliance.catalogue = Catalogue(appliance.folder.models, inspect_in_process)


def test_the_chat_model_of_the_folder_is_measured(appliance: Appliance, tmp_path: Path) -> None:
    asyncio.run(appliance.catalogue.add(make_tiny_gguf(tmp_path / "mine.gguf")))

    assert "mine" == chat_model(appliance, tmp_path)


def test_a_model_with_random_weights_is_added_if_there_is_no_chat_model(
    appliance: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SHAPE", Shape())

    assert "random" == chat_model(appliance, tmp_path)
    assert "random" in {model.id for model in appliance.catalogue.models()}
