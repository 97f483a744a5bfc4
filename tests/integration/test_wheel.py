"""The built wheel contains the four top-level packages and the pages."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_contains_the_four_packages_with_their_pages(tmp_path: Path) -> None:
    # Build in a copy, because setuptools writes into the source folder, and would pack files of an earlier build.
    source = shutil.copytree(
        ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info", "tests")
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(tmp_path),
            str(source),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("lampstand-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}

    assert {"appliance", "models", "server", "tui"} == tops
    assert {"server/pages/read.html", "server/static/lampstand.css", "server/static/lamp.svg"} <= names
    assert "models/backends/reference.npz" in names


def test_no_other_distribution_has_our_names() -> None:
    """pip overwrites files silently: another distribution with a package `models` would replace Lampstand's package."""
    import importlib.metadata

    owners = importlib.metadata.packages_distributions()

    assert all(
        set(owners.get(name, ["lampstand"])) == {"lampstand"} for name in ("appliance", "models", "server", "tui")
    )
