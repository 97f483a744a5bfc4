"""The embedding model is found by its graph or by the package of its weights; else the error names the installer."""

import asyncio
import importlib.machinery
import importlib.util
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from models.catalogue.catalogue import Catalogue
from models.catalogue.embedding_graph import can_embed, ensure_export, main
from models.catalogue.packaged import MINILM, MINILM_PACKAGE, MINILM_SHA256, MINILM_TORCH, graph_folder
from models.errors import ModelFileRefused, ModelUnavailable, ModelUnknown
from models.formats.folder import Manifest

Hide = Callable[..., None]


@pytest.fixture
def hide_packages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Simulate that the package of the weights and the library for torch are installed, and that packages are not."""
    package_folder = tmp_path_factory.mktemp("package")
    (package_folder / "model").mkdir()
    (package_folder / "model" / "model.safetensors").touch()
    origin = str(package_folder / "__init__.py")
    simulated = {
        name: importlib.machinery.ModuleSpec(name, None, origin=origin)
        for name in (MINILM_PACKAGE, "sentence_transformers")
    }
    find_spec = importlib.util.find_spec
    hidden: set[str] = set()

    def find(name: str, package: str | None = None) -> importlib.machinery.ModuleSpec | None:
        return None if name in hidden else simulated.get(name) or find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    return lambda *names: hidden.update(names)


def make_graph(folder: Path, weights_sha256: str = MINILM_SHA256) -> Path:
    target = graph_folder(folder, MINILM)
    target.mkdir(parents=True)
    manifest = Manifest(file="model.int8.onnx", precision="int8", mean_cosine=0.99, source_sha256=weights_sha256)
    (target / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (target / "model.int8.onnx").write_bytes(b"graph")
    return target


def test_a_graph_needs_no_package(tmp_path: Path, hide_packages: Hide) -> None:
    hide_packages(MINILM_PACKAGE, "onnx", "safetensors", "torch", "sentence_transformers")
    graph = make_graph(tmp_path)
    model = Catalogue(tmp_path).find(MINILM)

    assert [MINILM] == [model.id for model in Catalogue(tmp_path).models()]
    assert str(graph) == model.path
    assert graph == asyncio.run(ensure_export(model, tmp_path))
    assert can_embed(tmp_path)


def test_without_graph_and_package_the_error_names_the_install_command(tmp_path: Path, hide_packages: Hide) -> None:
    hide_packages(MINILM_PACKAGE)
    with pytest.raises(ModelUnknown, match=r"Run `\./packaging/run\.sh` to install it"):
        Catalogue(tmp_path).find(MINILM)
    with pytest.raises(ModelUnknown, match=r"`\./packaging/run\.sh --torch` to install it"):
        Catalogue(tmp_path).find(MINILM_TORCH)

    assert not can_embed(tmp_path)


def test_the_torch_model_is_not_listed_without_torch(tmp_path: Path, hide_packages: Hide) -> None:
    both = {model.id for model in Catalogue(tmp_path).models()}
    hide_packages("sentence_transformers")

    assert {MINILM, MINILM_TORCH} == both
    assert [MINILM] == [model.id for model in Catalogue(tmp_path).models()]
    assert can_embed(tmp_path)


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers", "onnx", "safetensors"])
def test_each_library_is_needed_to_build_the_graph(tmp_path: Path, hide_packages: Hide, library: str) -> None:
    hide_packages(library)

    assert not can_embed(tmp_path)


def test_a_graph_of_other_weights_or_without_its_file_is_not_used(tmp_path: Path, hide_packages: Hide) -> None:
    hide_packages(MINILM_PACKAGE)
    make_graph(tmp_path / "other", "0" * 64)
    (make_graph(tmp_path / "incomplete") / "model.int8.onnx").unlink()

    assert not can_embed(tmp_path / "other")
    assert not can_embed(tmp_path / "incomplete")


@pytest.mark.usefixtures("hide_packages")
def test_the_error_names_a_package_that_is_removed_while_its_model_is_loaded(tmp_path: Path) -> None:
    model = msgspec.structs.replace(Catalogue(tmp_path).find(MINILM), path=str(tmp_path / "removed"))

    with pytest.raises(ModelUnavailable, match="install the weights of all-MiniLM-L6-v2 again"):
        asyncio.run(ensure_export(model, tmp_path))


def test_the_names_of_packaged_models_are_reserved_even_if_they_are_not_installed(
    tmp_path: Path, hide_packages: Hide
) -> None:
    hide_packages(MINILM_PACKAGE)

    with pytest.raises(ModelFileRefused, match="comes with Lampstand"):
        Catalogue(tmp_path).check_name(MINILM)


def test_the_exit_status_says_whether_the_graph_is_built(
    tmp_path: Path, hide_packages: Hide, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hide_packages(MINILM_PACKAGE)
    make_graph(tmp_path / "built")

    def status(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["exports", *arguments])
        return main()

    assert (0, 1) == (status("--check", str(tmp_path / "built")), status("--check", str(tmp_path / "none")))
    assert (0, 1) == (status(str(tmp_path / "built")), status(str(tmp_path / "none")))
    assert "to install it" in capsys.readouterr().err
