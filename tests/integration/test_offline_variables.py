"""Every program sets the variables for offline use before a model library reads them."""

import json
import os
import subprocess
import sys

import pytest

from models.offline import VARIABLES

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
