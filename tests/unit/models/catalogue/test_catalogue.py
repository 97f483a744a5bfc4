"""Unusual files and names of models are added, or refused with a clear message."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from fakes.inspection import inspect_in_process
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import Catalogue
from models.errors import ModelFileRefused, ModelUnknown
from models.offline import CACHE, cache_variables


def new_catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "models", inspect_in_process)


def refusal(tmp_path: Path, path: Path, name: str = "") -> str:
    with pytest.raises(ModelFileRefused) as refused:
        asyncio.run(new_catalogue(tmp_path).add(path, name=name))
    return refused.value.message


def test_a_named_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    began = time.monotonic()

    assert "named pipe" in refusal(tmp_path, tmp_path / "m.gguf")
    assert "device" in refusal(tmp_path, Path("/dev/zero"), name="zero")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("path", ["/a\0b", f"/{'a' * 300}", f"/{'a/' * 5000}", "/nowhere"])
def test_an_invalid_path_is_refused(tmp_path: Path, path: str) -> None:
    assert len(refusal(tmp_path, Path(path))) < 20_000


@pytest.mark.parametrize("name", ["a/b", "..", "a\0", "a\nb", "a" * 300, "registry", "x.part", CACHE])
def test_an_invalid_name_is_refused(tmp_path: Path, name: str) -> None:
    assert "is not a valid model name" in refusal(tmp_path, make_tiny_gguf(tmp_path / "m.gguf"), name=name)


def test_the_files_of_a_model_called_cache_are_separate_from_the_caches(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    added = asyncio.run(new_catalogue(tmp_path).add(folder))
    caches = cache_variables(tmp_path / "models")

    assert not any(Path(cache).is_relative_to(added.path) for cache in caches.values())


def test_a_long_name_is_valid(tmp_path: Path) -> None:
    added = asyncio.run(new_catalogue(tmp_path).add(make_tiny_gguf(tmp_path / "m.gguf"), name="é" * 100))

    assert Path(added.path).exists()


def test_a_pipe_in_a_folder_is_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    os.mkfifo(folder / "pipe")
    added = asyncio.run(new_catalogue(tmp_path).add(folder))

    assert {"model.safetensors", "config.json"} == {file.name for file in Path(added.path).iterdir()}


def test_adding_a_model_again_replaces_its_files(tmp_path: Path) -> None:
    catalogue = new_catalogue(tmp_path)
    older = asyncio.run(catalogue.add(make_tiny_gguf(tmp_path / "m.gguf")))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    newer = asyncio.run(catalogue.add(folder, name="m"))

    assert [newer] == [model for model in catalogue.models() if model.id == "m"]
    assert not Path(older.path).exists()


def test_a_removed_model_loses_its_files_and_its_pin(tmp_path: Path) -> None:
    catalogue = new_catalogue(tmp_path)
    added = asyncio.run(catalogue.add(make_tiny_gguf(tmp_path / "m.gguf")))
    catalogue.set_pinned("m", pinned=True)

    assert added == catalogue.remove("m")
    assert set() == catalogue.pinned()
    assert not Path(added.path).exists()
    with pytest.raises(ModelUnknown):
        catalogue.find("m")


def test_a_missing_model_cannot_be_pinned(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="There is no model 'm'"):
        Catalogue(tmp_path).set_pinned("m", pinned=True)

    Catalogue(tmp_path).set_pinned("m", pinned=False)
