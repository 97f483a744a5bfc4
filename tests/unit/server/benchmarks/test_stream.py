"""Which chat model is measured, and how."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.tiny_gguf import make_tiny_gguf

from server.benchmarks import stream
from server.benchmarks.random_model import Shape
from server.benchmarks.stream import chat_model
from server.bootstrap import Appliance, open_appliance


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Appliance]:
    appliance = open_appliance(tmp_path / "home")
    yield appliance
    appliance.close()


def test_the_chat_model_of_the_folder_is_measured(house: Appliance, tmp_path: Path) -> None:
    asyncio.run(house.catalogue.add(make_tiny_gguf(tmp_path / "mine.gguf")))

    assert "mine" == chat_model(house, tmp_path)


def test_one_with_random_weights_is_added_where_there_is_none(
    house: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SHAPE", Shape())

    assert "random" == chat_model(house, tmp_path)
    assert "random" in {model.id for model in house.catalogue.models()}
