"""The parts that the commands share: the models folder, its runtime, output for people and for programs."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from models.catalogue.catalogue import Catalogue
from models.client import Client

Result = TypeVar("Result")
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class ModelsFolder(msgspec.Struct, frozen=True):
    """The models folder and the runtime that a command uses. `address` and `token` are for a runtime on another machine.

    `wait_for_start` is passed to the client of the runtime.
    """

    folder: Path
    socket: Path
    address: str = ""
    token: str = ""
    wait_for_start: Callable[[], float | None] = lambda: None

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.folder)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Open a client of the runtime. A client method that needs the runtime starts it if it is not running."""
        client = Client(
            folder=self.folder,
            socket=self.socket,
            address=self.address,
            token=self.token,
            wait_for_start=self.wait_for_start,
        )
        try:
            yield client
        finally:
            client.close()


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine and return its result."""
    try:
        return asyncio.run(coroutine)
    except KeyboardInterrupt:
        raise click.Abort from None


def console() -> Console:
    """Return a console for messages. It wraps lines on a terminal, but not if a program reads the output.

    Strings are printed unchanged, including [brackets]. To print text with a style, use a `Text`.
    """
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextlib.contextmanager
def byte_progress(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error. Yield a function to call with the bytes done and the total bytes."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(title, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield show
