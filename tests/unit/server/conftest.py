"""Sites in this process with the routes that a test module names in ROUTES. Each test begins without people and jobs."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Most tests of the server need no site. The modules of a site take a second to load.
if TYPE_CHECKING:
    from fakes.small_site import Site

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def folder_in_memory() -> Iterator[Path]:
    """A folder whose files are in memory, if the machine has a file system for that. A write then waits for no disk."""
    with tempfile.TemporaryDirectory(prefix="lampstand-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def library_home(folder_in_memory: Path) -> Path:
    """A data folder with a small library. Do not write to the library."""
    from fakes.whole_library import whole_library

    home = folder_in_memory / "library"
    whole_library(home)
    return home


@pytest.fixture(scope="module")
def _site_of_module(request: pytest.FixtureRequest, library_home: Path) -> Iterator["Site"]:
    from fakes.small_site import running_site

    with running_site(library_home, request.module.ROUTES) as site:
        yield site


@pytest.fixture(scope="module")
def _empty_site_of_module(request: pytest.FixtureRequest, folder_in_memory: Path) -> Iterator["Site"]:
    from fakes.small_site import running_site

    with running_site(folder_in_memory / "empty", request.module.ROUTES) as site:
        yield site


@pytest.fixture
def site(_site_of_module: "Site") -> "Site":
    """A site with a small library."""
    _site_of_module.reset()
    return _site_of_module


@pytest.fixture
def empty_site(_empty_site_of_module: "Site") -> "Site":
    """A site without a library."""
    _empty_site_of_module.reset()
    return _empty_site_of_module


@pytest.fixture
def new_home(folder_in_memory: Path) -> Iterator[Path]:
    """The path of a data folder for one test. It does not exist."""
    # A thread of the site may close its database, and so delete files, while the folder is deleted.
    with tempfile.TemporaryDirectory(dir=folder_in_memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "new"


@pytest.fixture
def copied_home(library_home: Path, new_home: Path) -> Path:
    """A copy of the data folder with a small library."""
    return shutil.copytree(library_home, new_home)


@pytest.fixture
def writable_site(request: pytest.FixtureRequest, copied_home: Path) -> Iterator["Site"]:
    """A site whose library a test may change."""
    from fakes.small_site import running_site

    with running_site(copied_home, request.module.ROUTES) as site:
        yield site
