"""Run one version of the program on its own copy of a data folder."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

# Folders that a search does not read, and files that belong to the running processes of the original data folder.
NOT_COPIED = shutil.ignore_patterns("models", "logs", "run", "work", "texts", "files", "backups")
COMMAND = "from server.cli import main; main()"
START_S, ANSWER_S = 120.0, 120.0


class Version:
    """The program in a source folder, with its own data folder."""

    def __init__(self, name: str, source: Path, home: Path, models_address: str) -> None:
        self.name, self._source, self._home = name, source, home
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(source),
            "LAMPSTAND_MODELS_ADDRESS": models_address,
            "LAMPSTAND_LOG_LEVEL": "warning",
        }
        self._check_source()

    def copy(self, original: Path) -> None:
        """Replace the data folder with a copy of another data folder."""
        shutil.rmtree(self._home, ignore_errors=True)
        shutil.copytree(original, self._home, ignore=NOT_COPIED)

    def prepare(self, *, cross_references: bool) -> None:
        """Migrate the data folder to this version, and complete the search index."""
        if not cross_references:
            for dataset in self._library()["datasets"]:
                if dataset["kind"] == "cross references":
                    self.run("library", "remove", dataset["id"], "--yes")
        self.run("index")

    def features(self, queries: Path) -> list[dict[str, Any]]:
        """The features of each query. The queries are in the file `queries`."""
        features: list[dict[str, Any]] = msgspec.json.decode(
            self.run("ranking", "features", str(queries), "--translation", "WEB", "--json")
        )["queries"]
        return features

    def run(self, *arguments: str) -> bytes:
        """Run a command of this version and return its output. Raises CalledProcessError."""
        return subprocess.run(
            self._command(*arguments),
            env=self._environment,
            cwd=self._source,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout

    @contextlib.contextmanager
    def serving(self, port: int) -> Iterator[httpx.Client]:
        """Run this version's server until the block ends. Yield an API client."""
        process = subprocess.Popen(
            self._command("serve", "--host", "127.0.0.1", "--port", str(port)),
            env=self._environment,
            cwd=self._source,
            stdout=subprocess.DEVNULL,
        )
        base_url = f"http://127.0.0.1:{port}/api/v1"
        try:
            with httpx.Client(base_url=base_url, timeout=ANSWER_S, trust_env=False) as client:
                _wait_until_ready(client, process)
                yield client
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _library(self) -> dict[str, Any]:
        library: dict[str, Any] = msgspec.json.decode(self.run("library", "list", "--json"))
        return library

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", COMMAND, "--home", str(self._home), *arguments]

    def _check_source(self) -> None:
        """Check that this version runs its own code. If both versions ran the same code, there would be no differences."""
        imported_path = subprocess.run(
            [sys.executable, "-c", "import server; print(server.__file__)"],
            env=self._environment,
            cwd=self._source,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        if not Path(imported_path).is_relative_to(self._source):
            raise RuntimeError(f"{self.name} runs {imported_path} instead of {self._source}.")


def copy_work_tree(repository: Path, folder: Path) -> Path:
    """Copy the tracked and new files of a repository, so that later edits do not affect the comparison."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (repository / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, folder / name)
    return folder


@contextlib.contextmanager
def checked_out(repository: Path, commit: str, folder: Path) -> Iterator[Path]:
    """Check out a commit into a separate work tree until the block ends."""
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, commit], cwd=repository, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=repository, check=True)


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/health").is_success:
                return
        time.sleep(0.1)  # the server is not listening yet, and there is no event to wait for
    raise RuntimeError("The server did not start.")
