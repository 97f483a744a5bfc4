"""The databases for these tests: an invented library, and a database for people's data."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.clock import FakeClock
from fakes.new_databases import new_appliance_db
from fakes.small_library import small_library

from appliance.infrastructure.database import Database
from appliance.scripture.translations.translation import Translation


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Database, Translation]]:
    library, translation = small_library(tmp_path)
    yield library, translation
    library.close()


@pytest.fixture
def library(opened: tuple[Database, Translation]) -> Database:
    return opened[0]


@pytest.fixture
def translation(opened: tuple[Database, Translation]) -> Translation:
    return opened[1]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database for people's data."""
    database = new_appliance_db(tmp_path / "appliance.db")
    yield database
    database.close()
