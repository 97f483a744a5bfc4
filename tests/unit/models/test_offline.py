"""The environment of the model libraries."""

import os
from pathlib import Path

import pytest

from models.offline import CACHE, cache_variables, stay_offline


def test_existing_values_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    stay_offline()

    assert "1" == os.environ["ORT_DISABLE_TELEMETRY"]


def test_caches_are_in_the_models_folder(tmp_path: Path) -> None:
    variables = cache_variables(tmp_path / "models")

    assert (tmp_path / "models" / CACHE).is_dir()
    assert {"XDG_CACHE_HOME", "CUDA_CACHE_PATH", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"} == variables.keys()
    assert all(Path(path).is_relative_to(tmp_path / "models" / CACHE) for path in variables.values())


def test_a_folder_that_is_not_writable_raises_no_exception(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    assert cache_variables(tmp_path / "file")
