"""What the commands share: the models folder, its runtime, printing for people and for programs."""

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
    """What the commands work on. `address` and `token` are those of a runtime elsewhere, if one is used.

    `patience` is handed to the client of the runtime.
    """

    folder: Path
    socket: Path
    address: str = ""
    token: str = ""
    patience: Callable[[], float | None] = lambda: None

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.folder)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """The runtime; one that is not running is started by what needs it."""
        client = Client(
            folder=self.folder, socket=self.socket, address=self.address, token=self.token, patience=self.patience
        )
        try:
            yield client
        finally:
            client.close()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run what is asynchronous to its end."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise click.Abort from None


def console() -> Console:
    """For people: lines fit the terminal, and stay whole where a program reads them.

    Strings are printed unchanged, with their [brackets]. Use a `Text` for a style.
    """
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextlib.contextmanager
def byte_progress(title: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; the function inside takes bytes done and in all."""
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
