"""packaging/constraints.txt names every package that is installed."""

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "packaging" / "constraints.txt"
# The tools that every virtual environment starts with, and this program.
NOT_RESOLVED = {"pip", "setuptools", "wheel", "lampstand"}


def normal(name: str) -> str:
    """A name as the package index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def constraints() -> dict[str, set[str]]:
    """The versions of each package; some have one version per version of Python."""
    versions: dict[str, set[str]] = {}
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        requirement, _, _marker = line.partition(";")
        name, _, version = requirement.strip().partition("==")
        versions.setdefault(normal(name), set()).add(version)
    return versions


def test_each_line_is_a_name_and_a_version(constraints: dict[str, set[str]]) -> None:
    # A local version such as 2.13.0+cpu, a folder or an address would be right on some machines only.
    wrong = {
        name: versions
        for name, versions in constraints.items()
        for version in versions
        if not re.fullmatch(r"[\w.]+", version)
    }

    assert len(constraints) > 100
    assert {} == wrong


def test_every_installed_package_is_resolved(constraints: dict[str, set[str]]) -> None:
    installed = {normal(each.metadata["Name"]): each.version.partition("+")[0] for each in distributions()}
    others = {
        name: version
        for name, version in installed.items()
        if name not in NOT_RESOLVED and version not in constraints.get(name, set())
    }

    assert {} == others
