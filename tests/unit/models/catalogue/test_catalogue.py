"""What people name as a model's file or its name, however odd, is added or refused in a sentence."""

import asyncio
import os
import time
from pathlib import Path

import msgspec
import pytest
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import MINILM, MINILM_SHA256, Catalogue, graph_folder
from models.errors import ModelFileRefused
from models.formats.folder import MANIFEST, Manifest
from models.offline import CACHE, cache_variables


def refusal(tmp_path: Path, path: Path, name: str = "") -> str:
    with pytest.raises(ModelFileRefused) as refused:
        asyncio.run(Catalogue(tmp_path / "models").add(path, name=name))
    return refused.value.message


def test_a_named_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    began = time.monotonic()

    assert "named pipe" in refusal(tmp_path, tmp_path / "m.gguf")
    assert "device" in refusal(tmp_path, Path("/dev/zero"), name="zero")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("path", ["/a\0b", f"/{'a' * 300}", f"/{'a/' * 5000}", "/nowhere"])
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, path: str) -> None:
    assert len(refusal(tmp_path, Path(path))) < 20_000


@pytest.mark.parametrize("name", ["a/b", "..", "a\0", "a\nb", "a" * 300, "registry", "x.part", CACHE])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    assert "cannot be a model's name" in refusal(tmp_path, make_tiny_gguf(tmp_path / "m.gguf"), name=name)


def test_a_model_called_cache_keeps_its_files_apart_from_caches(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    added = asyncio.run(Catalogue(tmp_path / "models").add(folder))
    caches = cache_variables(tmp_path / "models")

    assert not any(Path(cache).is_relative_to(added.path) for cache in caches.values())


def test_a_long_name_is_still_one(tmp_path: Path) -> None:
    added = asyncio.run(Catalogue(tmp_path / "models").add(make_tiny_gguf(tmp_path / "m.gguf"), name="é" * 100))

    assert Path(added.path).exists()


def test_a_pipe_in_a_folder_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    os.mkfifo(folder / "pipe")
    added = asyncio.run(Catalogue(tmp_path / "models").add(folder))

    assert {"model.safetensors", "config.json"} == {each.name for each in Path(added.path).iterdir()}


def built_graph(folder: Path) -> Path:
    """The folder of a built graph of all-MiniLM-L6-v2, with a few bytes instead of the graph."""
    graph = graph_folder(folder, MINILM)
    graph.mkdir()
    (graph / "model.onnx").write_bytes(b"graph")
    manifest = Manifest(file="model.onnx", precision="int8", mean_cosine=0.99, source_sha256=MINILM_SHA256)
    (graph / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    # Built long ago: a later change has another time, however coarse the clock of the disk is.
    os.utime(graph, (1, 1))
    return graph


def test_a_packaged_model_is_found_without_looking_for_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_graph(tmp_path)
    looked_for: list[str] = []
    monkeypatch.setattr("importlib.util.find_spec", looked_for.append)

    model = Catalogue(tmp_path).find(MINILM)

    assert (model.backend, model.size, looked_for) == ("onnx", 5, [])


def test_a_graph_is_found_when_it_is_built_and_no_longer_when_it_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    catalogue = Catalogue(tmp_path)

    assert catalogue.models() == []

    graph = built_graph(tmp_path)
    assert [model.id for model in catalogue.models()] == [MINILM]

    (graph / "model.onnx").unlink()
    assert catalogue.models() == []
