"""A data folder for commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.command_home import CommandHome


@pytest.fixture
def home(tmp_path: Path) -> Iterator[CommandHome]:
    """An empty data folder without a chat model."""
    home = CommandHome(tmp_path / "home")
    yield home
    home.close()
