"""Simulates libraries that are installed or missing, until a test ends."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest


def install_library(monkeypatch: pytest.MonkeyPatch, name: str, content: Mapping[str, object]) -> None:
    """Replace a library by a module with this content. A name with a dot is the name of a module in a package."""
    module = ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)


def hide_library(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make an import of the library fail as if it were not installed."""
    monkeypatch.setitem(sys.modules, name, None)


def set_versions(monkeypatch: pytest.MonkeyPatch, folder: Path, versions: Mapping[str, str]) -> None:
    """Install distributions with these versions in `folder`, and hide all others."""
    for name, version in versions.items():
        information = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    standard = [path for path in sys.path if not path.endswith(("site-packages", "dist-packages"))]
    monkeypatch.setattr(sys, "path", [str(folder), *standard])
