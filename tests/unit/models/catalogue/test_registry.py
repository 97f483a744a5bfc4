"""The lists of added and pinned models, which processes share."""

from pathlib import Path

import pytest

from models.catalogue.cached_reads import CachedReads
from models.catalogue.model import Model, ModelRole
from models.catalogue.registry import Registry
from models.errors import ModelFileRefused


def registry(folder: Path) -> Registry:
    return Registry(folder, CachedReads())


def model(name: str, *, path: str = "") -> Model:
    return Model(id=name, role=ModelRole.CHAT, backend="llama_cpp", path=path, size=1, sha256="", licence="", source="")


def test_a_folder_without_lists_has_no_models(tmp_path: Path) -> None:
    assert ([], set()) == (registry(tmp_path / "none").models(), registry(tmp_path / "none").pinned())
    assert [] == list(tmp_path.iterdir())


def test_an_added_model_is_read_by_another_process(tmp_path: Path) -> None:
    reader = registry(tmp_path / "models")
    assert [] == registry(tmp_path / "models").add(model("a"))
    registry(tmp_path / "models").add(model("b"))

    assert [model("a"), model("b")] == reader.models()


def test_a_model_replaces_one_of_the_same_name_which_is_returned(tmp_path: Path) -> None:
    registry(tmp_path).add(model("a", path="old"))

    assert [model("a", path="old")] == registry(tmp_path).add(model("a", path="new"))
    assert [model("a", path="new")] == registry(tmp_path).models()


def test_removing_reports_whether_the_model_was_added(tmp_path: Path) -> None:
    registry(tmp_path).add(model("a"))

    assert (True, False) == (registry(tmp_path).remove("a"), registry(tmp_path).remove("a"))
    assert [] == registry(tmp_path).models()


def test_a_pin_stays_until_it_is_removed(tmp_path: Path) -> None:
    registry(tmp_path).set_pinned("a", pinned=True)
    registry(tmp_path).set_pinned("b", pinned=True)
    registry(tmp_path).set_pinned("a", pinned=False)

    assert {"b"} == registry(tmp_path).pinned()


@pytest.mark.parametrize("name", ["registry.json", "pinned.json"])
@pytest.mark.parametrize("content", ["", "{}", "[1]", "not json"])
def test_a_damaged_list_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(ModelFileRefused, match=rf"{name} cannot be read: .* Correct or remove it"):
        registry(tmp_path).models() if name == "registry.json" else registry(tmp_path).pinned()
