"""What each entry point loads, which no static graph can tell; and the plain names on disk."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("entry", "absent"),
    [
        ("import server.app, server.supervision, server.worker", MODEL_LIBRARIES | {"textual", "kuzu", "gguf"}),
        (
            "import server.cli.health, server.cli.reading, server.cli.running, server.supervision, server.worker",
            MODEL_LIBRARIES | {"textual", "uvicorn", "litestar", "jinja2"},
        ),
        ("import server.cli.library", MODEL_LIBRARIES | {"textual", "uvicorn", "litestar"}),
        ("import server.cli.models, models.service", MODEL_LIBRARIES | {"huey", "kuzu", "redis", "psycopg"}),
        ("import models.app, models.service, models.client", MODEL_LIBRARIES | {"apsw", "huey", "appliance", "server"}),
        (
            "import appliance.scripture.jobs, appliance.study.operations",
            MODEL_LIBRARIES | {"litestar", "textual", "models", "server"},
        ),
    ],
)
def test_an_entry_point_loads_no_more_than_it_should(entry: str, absent: set[str]) -> None:
    assert set() == loaded(entry) & absent


def test_the_web_process_serves_without_model_libraries(served) -> None:
    """The running process itself, after searches, pages and answers, maps no native model library."""
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()

    assert not [name for name in ("torch", "onnxruntime", "llama") if f"/{name}" in maps or f"lib{name}" in maps]


def test_packaging_is_no_package() -> None:
    """An `__init__.py` there would shadow PyPI's `packaging`."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_no_test_folder_is_a_package() -> None:
    assert [] == list((ROOT / "tests").rglob("__init__.py"))
