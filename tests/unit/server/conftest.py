"""Sites in this process with the routes that a test module names in ROUTES. Each test begins without people and jobs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.small_site import Site, running_site
from fakes.whole_library import whole_library


@pytest.fixture(scope="session")
def library_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small library. Do not write to the library."""
    home = tmp_path_factory.mktemp("library")
    whole_library(home)
    return home


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder without a library."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def _site_of_module(request: pytest.FixtureRequest, library_home: Path) -> Iterator[Site]:
    with running_site(library_home, request.module.ROUTES) as site:
        yield site


@pytest.fixture(scope="module")
def _empty_site_of_module(request: pytest.FixtureRequest, empty_home: Path) -> Iterator[Site]:
    with running_site(empty_home, request.module.ROUTES) as site:
        yield site


@pytest.fixture
def site(_site_of_module: Site) -> Site:
    """A site with a small library."""
    _site_of_module.reset()
    return _site_of_module


@pytest.fixture
def empty_site(_empty_site_of_module: Site) -> Site:
    """A site without a library."""
    _empty_site_of_module.reset()
    return _empty_site_of_module


@pytest.fixture
def copied_home(library_home: Path, tmp_path: Path) -> Path:
    """A copy of the data folder with a small library."""
    return shutil.copytree(library_home, tmp_path / "home")


@pytest.fixture
def writable_site(request: pytest.FixtureRequest, copied_home: Path) -> Iterator[Site]:
    """A site whose library a test may change."""
    with running_site(copied_home, request.module.ROUTES) as site:
        yield site
