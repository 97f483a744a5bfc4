"""The modules that each entry point loads when it runs, and package names. A static analysis cannot show what is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest
from fakes.serving import Served

ROOT = Path(__file__).parents[2]
# Libraries that load slowly, and that few commands need.
HEAVY = set(
    "litestar uvicorn jinja2 numpy simsimd huey httpx cryptography lxml kuzu apprise argon2 zxcvbn supervisor".split()
)
MODEL_LIBRARIES = {
    "torch",
    "onnxruntime",
    "llama_cpp",
    "sentence_transformers",
    "transformers",
    "tokenizers",
    "ctransformers",
}


def loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("entry", "absent"),
    [
        ("import server.app, server.supervision, server.worker", MODEL_LIBRARIES | {"textual", "kuzu", "gguf"}),
        (
            "import server.cli.health, server.cli.reading, server.cli.running, server.supervision, server.worker",
            MODEL_LIBRARIES | {"textual", "uvicorn", "litestar", "jinja2"},
        ),
        ("import server.cli.library", MODEL_LIBRARIES | {"textual", "uvicorn", "litestar"}),
        ("import server.cli.models, models.api.service", MODEL_LIBRARIES | {"huey", "kuzu", "redis", "psycopg"}),
        (
            "import server.supervisor",
            HEAVY - {"supervisor"} | set("psutil click rich structlog apsw msgspec asyncio".split()),
        ),
        (
            "import models.api.app, models.api.service, models.client",
            MODEL_LIBRARIES | {"apsw", "huey", "appliance", "server"},
        ),
        (
            "import appliance.scripture.jobs, appliance.study.operations",
            MODEL_LIBRARIES | {"litestar", "textual", "models", "server"},
        ),
    ],
)
def test_an_entry_point_loads_only_what_it_needs(entry: str, absent: set[str]) -> None:
    assert set() == loaded(entry) & absent


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("status", set()),
        ("read John.3.16", set()),
        ("search love", {"numpy", "simsimd", "httpx"}),
    ],
)
def test_a_command_loads_only_what_it_uses(command: str, needed: set[str], tmp_path: Path) -> None:
    """The data folder is empty, so a command may end with an error. Before that, the command has loaded its modules."""
    arguments = ["--home", str(tmp_path), *command.split()]
    code = f"""
from appliance.errors import ApplianceError
from server.cli import lampstand
try:
    lampstand({arguments!r}, standalone_mode=False)
except ApplianceError:
    pass"""
    assert set() == loaded(code) & (MODEL_LIBRARIES | HEAVY) - needed


def test_up_loads_only_what_a_check_of_the_folder_needs(tmp_path: Path) -> None:
    code = f"""
from server.cli import running
from server.cli.context import Home
from server import supervision
from pathlib import Path
appliance = Home(Path({str(tmp_path)!r}), None).open()
running._greeting(appliance)
supervision.write_configuration(appliance.folder, appliance.settings)"""
    assert {"argon2"} >= loaded(code) & (MODEL_LIBRARIES | HEAVY)


def test_the_web_process_serves_without_model_libraries(served: Served) -> None:
    """After searches, pages and answers, the running web process has no native model library in its memory."""
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()

    assert not [name for name in ("torch", "onnxruntime", "llama") if f"/{name}" in maps or f"lib{name}" in maps]


def test_packaging_is_not_a_package() -> None:
    """An `__init__.py` in the folder `packaging` would shadow the package `packaging` of PyPI."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_no_test_folder_is_a_package() -> None:
    assert [] == list((ROOT / "tests").rglob("__init__.py"))
