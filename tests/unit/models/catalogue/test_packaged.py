"""The packaged embedding model is found by its graph or by its weights, without needless searches."""

import os
from pathlib import Path

import msgspec
import pytest

from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM, MINILM_SHA256, graph_folder
from models.errors import RequestInvalid
from models.formats.folder import MANIFEST, Manifest


def built_graph(folder: Path) -> Path:
    """The folder of a built graph of all-MiniLM-L6-v2, with a few bytes instead of the graph."""
    graph = graph_folder(folder, MINILM)
    graph.mkdir()
    (graph / "model.onnx").write_bytes(b"graph")
    manifest = Manifest(file="model.onnx", precision="int8", mean_cosine=0.99, source_sha256=MINILM_SHA256)
    (graph / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    # Built long ago, so a later change has another time, independent of the precision of the disk's clock.
    os.utime(graph, (1, 1))
    return graph


def test_a_packaged_model_is_found_without_a_search_for_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_graph(tmp_path)
    searched: list[str] = []
    monkeypatch.setattr("importlib.util.find_spec", searched.append)

    model = Catalogue(tmp_path).find(MINILM)

    assert (model.backend, model.size, searched) == ("onnx", 5, [])


def test_a_graph_is_found_after_it_is_built_and_not_after_it_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    catalogue = Catalogue(tmp_path)

    assert catalogue.models() == []

    graph = built_graph(tmp_path)
    assert [model.id for model in catalogue.models()] == [MINILM]

    (graph / "model.onnx").unlink()
    assert catalogue.models() == []


def test_a_packaged_model_cannot_be_removed(tmp_path: Path) -> None:
    built_graph(tmp_path)

    with pytest.raises(RequestInvalid, match="comes with a package"):
        Catalogue(tmp_path).remove(MINILM)
