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
    """Return the environment of a process after running code, if it started with the opposite values."""
    script = f"import sys\n{code}\nimport json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, env=OPPOSITE
    )
    variables: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return variables


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
    variables = environment_after(
        f"{entry}\nassert not {{'onnxruntime', 'torch', 'transformers'}} & sys.modules.keys()"
    )

    assert VARIABLES == {name: variables[name] for name in VARIABLES}


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
