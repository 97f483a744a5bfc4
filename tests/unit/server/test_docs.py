"""The pages of docs/ match the code."""

import re
from pathlib import Path

import click
import pytest

from server.app import create_app
from server.bootstrap import Appliance
from server.cli import lampstand

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "models" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def commands(command: click.Command, name: str = "lampstand") -> list[str]:
    if not isinstance(command, click.Group):
        return [name]
    context = click.Context(command)
    paths: list[str] = []
    for child in command.list_commands(context):
        subcommand = command.get_command(context, child)
        assert subcommand is not None
        paths += commands(subcommand, f"{name} {child}")
    return paths


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

    assert [] == [name for name in commands(lampstand) if f"`{name}`" not in page]


def test_every_api_path_is_documented(appliance: Appliance) -> None:
    app = create_app(appliance)
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    routes = [route.path for route in app.routes if route.path.startswith("/api/v1/")]
    paths = {re.sub(r":\w+", "", path).removeprefix("/api/v1") for path in routes}
    documented = {
        re.sub(r"\{\w+\}|G3439", "{}", line) for line in re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^ ?`]*)", page)
    }

    assert {re.sub(r"\{\w+\}", "{}", path) for path in paths} == documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_links_exist(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [] == [target for target in targets if not (page.parent / target).exists()]


# In `models/`, only files: the data folder also contains a folder `models`.
_PATH = re.compile(r"`((?:(?:appliance|server|tui|packaging|tests|docs)/|models/[\w/]+\.(?=py|md))[\w./*-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_into_the_repository_exist(page: Path) -> None:
    paths = _PATH.findall(page.read_text(encoding="utf-8"))

    assert [] == [path for path in paths if not list(ROOT.glob(path.rstrip("/")))]
