"""A data folder for commands."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_home import CommandHome

from server.bootstrap import open_appliance


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with empty databases. Copy it; do not write to it."""
    path = tmp_path_factory.mktemp("empty") / "home"
    open_appliance(path).close()
    return path


@pytest.fixture
def new_home(empty_home: Path, tmp_path: Path) -> Iterator[CommandHome]:
    """An empty data folder without a chat model."""
    home = CommandHome(shutil.copytree(empty_home, tmp_path / "new"))
    yield home
    home.close()


@pytest.fixture
def home(new_home: CommandHome) -> CommandHome:
    return new_home
