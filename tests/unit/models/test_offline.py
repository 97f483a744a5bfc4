"""The environment of the model libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.offline import CACHE, VARIABLES, cache_variables, stay_offline

OPPOSITE = {**os.environ, **dict.fromkeys(VARIABLES, "0")}
COMMAND = "sys.argv = ['lampstand', '--version']; from server.cli import main"


def environment_after(code: str) -> dict[str, str]:
    """The environment of a process after some code ran, if it started with the opposite values."""
    script = f"import sys\n{code}\nimport json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, env=OPPOSITE
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "entry",
    [
        "import models.child.__main__",
        "import models.cli.__main__",
        "import models.backends.onnx_export",
        "import models.formats.__main__",
        "import models.probe.__main__",
        "import server.model_runtime",
        f"{COMMAND}\ntry: main()\nexcept SystemExit: pass",
    ],
)
def test_each_entry_point_sets_the_variables_before_model_libraries_are_imported(entry: str) -> None:
    found = environment_after(f"{entry}\nassert not {{'onnxruntime', 'torch', 'transformers'}} & sys.modules.keys()")

    assert VARIABLES == {name: found[name] for name in VARIABLES}


def test_other_values_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    stay_offline()

    assert "1" == os.environ["ORT_DISABLE_TELEMETRY"]


def test_caches_are_in_the_models_folder(tmp_path: Path) -> None:
    found = cache_variables(tmp_path / "models")

    assert (tmp_path / "models" / CACHE).is_dir()
    assert {"XDG_CACHE_HOME", "CUDA_CACHE_PATH", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"} == found.keys()
    assert all(Path(path).is_relative_to(tmp_path / "models" / CACHE) for path in found.values())


def test_a_folder_that_cannot_be_written_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    assert cache_variables(tmp_path / "file")
