"""Shared fixtures: real translations, a real model runtime, and data folders that are created once and then copied."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import structlog

from appliance.infrastructure.database import Database
from appliance.infrastructure.file_lock import locked
from appliance.infrastructure.paths import PRIVATE_UMASK, DataFolder
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.jobs import COMPILE, GRAPH, INDEX
from appliance.scripture.operations import import_source
from models.client import Client
from server.bootstrap import LIBRARY_MIGRATIONS, Appliance, open_appliance

sys.path.insert(0, str(Path(__file__).parent))

SWORD = Path("/usr/share/sword")
LAMPSTAND = str(Path(sys.executable).with_name("lampstand"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="Also run the tests with many rounds.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--soak"):
        for item in items:
            if "soak" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="many rounds; run with --soak"))


@pytest.fixture(scope="session", autouse=True)
def _private_umask() -> Iterator[None]:
    """Data folders of tests are private, like data folders that commands create."""
    before = os.umask(PRIVATE_UMASK)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def _isolated_settings() -> Iterator[None]:
    """The tests and their child processes do not use the settings or the data folder of this machine."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith("LAMPSTAND_"):
                environment.delenv(name)
        # A test that does not set its own data folder fails, because the folder of this path cannot be created.
        environment.setenv("LAMPSTAND_HOME", "/dev/null/a-test-names-its-data-folder")
        yield


@pytest.fixture(autouse=True)
def _default_logging() -> Iterator[None]:
    """Reset logging after each test. A command in a test directs all logs to its standard error, which is closed later."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _stopped_model_runtimes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stop the model runtimes that tests started on demand. Otherwise these runtimes would run until their idle timeout."""
    yield
    folders = f"{tmp_path_factory.getbasetemp()}/"
    left_over = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "--idle-exit" in (command := process.info["cmdline"] or [])
        and any(argument.startswith(folders) for argument in command)
    ]
    for process in left_over:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(left_over, timeout=30)


@pytest.fixture(scope="session")
def sword_root() -> Path:
    """The folder of Debian's SWORD modules."""
    if not (SWORD / "mods.d" / "engWEB2015eb.conf").exists():
        pytest.skip("Debian's sword-text-web is not installed; packaging/test.sh installs it as root")
    return SWORD


def built_once(tmp_path_factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder that `build` fills once per test run. If tests run in several processes, the others wait and share it."""
    folder_of_run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder_of_run = folder_of_run.parent
    folder, complete = folder_of_run / name, folder_of_run / f"{name}.complete"
    with locked(folder_of_run / f"{name}.lock"):
        if not complete.exists():
            folder.mkdir(mode=0o700)
            build(folder)
            complete.touch()
    return folder


@pytest.fixture(scope="session")
def full_library_path(sword_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with WEB, KJV, RV1909, Nave's and Strong's. Copy it; do not write to it."""

    def build(folder: Path) -> None:
        database = Database(folder / "library.db", LIBRARY_MIGRATIONS)
        database.migrate()
        for name in ("WEB", "KJV", "RV1909", "Nave", "StrongsGreek", "StrongsHebrew"):
            with open_sources(str(sword_root), only=frozenset({name})) as sources:
                import_source(database, sources[0])
        database.copy_to(folder / "copy.db")
        database.close()

    return built_once(tmp_path_factory, "library", build) / "copy.db"


@pytest.fixture(scope="session")
def full_library(full_library_path: Path) -> Iterator[Database]:
    """The full library, read-only."""
    database = Database(full_library_path, LIBRARY_MIGRATIONS)
    yield database
    database.close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Database]:
    """An empty library."""
    from fakes.new_databases import new_library

    database = new_library(tmp_path / "library.db")
    yield database
    database.close()


@pytest.fixture(scope="session")
def runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder for the model runtime. The runtime exports the embedding model into it on first use."""
    return DataFolder(tmp_path_factory.mktemp("runtime")).create()


@pytest.fixture(scope="session")
def runtime(runtime_folder: DataFolder) -> Iterator[Client]:
    """A model runtime in its own process, started on demand and shared by all tests."""
    client = Client(folder=runtime_folder.models, socket=runtime_folder.models_socket, idle_exit_s=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def indexed_home(
    full_library_path: Path, runtime: Client, runtime_folder: DataFolder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data folder with the full library, vectors of the WEB, the graph, the compiled index and the exported model.

    Copy the folder; do not write to it.
    """

    def build(folder: Path) -> None:
        home = DataFolder(folder).create()
        shutil.copy(full_library_path, home.library_db)
        runtime.embed(["ready"], model="all-MiniLM-L6-v2")
        shutil.copytree(runtime_folder.models, home.models, dirs_exist_ok=True)
        appliance = open_appliance(home.home)
        for job in (
            appliance.dispatcher.create(INDEX),
            appliance.dispatcher.create(GRAPH),
            appliance.dispatcher.create(COMPILE),
        ):
            appliance.dispatcher.run_in_process(job)
        appliance.close()

    # Each process has its own copy, because some tests serve this folder.
    own = tmp_path_factory.mktemp("indexed") / "home"
    return shutil.copytree(built_once(tmp_path_factory, "indexed", build), own, ignore=shutil.ignore_patterns("run"))


@pytest.fixture
def copy_home(tmp_path: Path, indexed_home: Path) -> Callable[[], Path]:
    """A function that copies the indexed data folder for one test."""

    def copy() -> Path:
        target = tmp_path / "home"
        shutil.copytree(indexed_home, target, ignore=shutil.ignore_patterns("run", "logs"))
        return target

    return copy


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    """An opened, empty data folder."""
    from fakes.new_databases import new_home

    opened = open_appliance(new_home(tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat model of 0.5 MB."""
    from fakes.tiny_gguf import make_tiny_gguf

    return make_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def lampstand() -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs the command `lampstand` as a user does."""

    def run(*arguments: str, home: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        home_option = ["--home", str(home)] if home else []
        return subprocess.run(
            [LAMPSTAND, *home_option, *arguments], capture_output=True, text=True, timeout=timeout, check=False
        )

    return run
