"""`lampstand models …`: serve the runtime, list and add models."""

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table


class ModelsFolder(msgspec.Struct, frozen=True):
    """What the commands work on."""

    folder: Path
    socket: Path


@click.group()
def models() -> None:
    """The models that embed and write, and the runtime that loads them."""


@models.command()
@click.option("--folder", type=click.Path(path_type=Path), help="The models folder (default: in the data folder).")
@click.option(
    "--socket",
    type=click.Path(path_type=Path),
    help="Unix socket to listen on (default: in the data folder).",
)
@click.option("--host", default="", help="Listen on this address instead of a socket.")
@click.option("--port", default=8317, show_default=True, help="Port for --host.")
@click.option("--idle-exit", type=float, help="End after this many seconds without a request.")
@click.option("--ready-fd", type=int, hidden=True)
@click.pass_context
def serve(
    context: click.Context,
    folder: Path | None,
    socket: Path | None,
    host: str,
    port: int,
    idle_exit: float | None,
    ready_fd: int | None,
) -> None:
    """Run the model runtime in the foreground."""
    from models.service import serve as run

    given = context.find_object(ModelsFolder)
    folder = folder or (given.folder if given else None)
    if folder is None:
        raise click.UsageError("Name the models folder with --folder.")
    run(
        folder, socket=None if host else socket or (given.socket if given else None), host=host, port=port,
        idle_exit_s=idle_exit, ready_fd=ready_fd,
    )  # fmt: skip


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_models(given: ModelsFolder, as_json: bool) -> None:
    """The models that can be used."""
    from models.catalogue import Catalogue

    known = Catalogue(given.folder).models()
    if as_json:
        click.echo(msgspec.json.encode({"models": known}))
        return
    table = Table("model", "role", "backend", "size", "licence", box=None, header_style="bold")
    for model in known:
        table.add_row(model.id, model.role, model.backend, f"{model.size / 2**20:,.1f} MiB", model.licence)
    console = Console()
    console.print(table)
    if not any(model.role == "chat" for model in known):
        console.print(
            "No chat model yet: `lampstand models add FILE.gguf` brings one. Answers quote passages until then."
        )


@models.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(given: ModelsFolder, file: Path, as_json: bool) -> None:
    """Bring a GGUF FILE into the models folder, to write answers with."""
    from models.catalogue import Catalogue

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task(file.name, total=None)
        added = Catalogue(given.folder).add(
            file, lambda done, total: progress.update(task, completed=done, total=total)
        )
    if as_json:
        click.echo(msgspec.json.encode(added))
    else:
        click.echo(f"{added.id} is added ({added.size / 2**20:,.1f} MiB). Answers are written with it from now on.")


if __name__ == "__main__":
    sys.exit(models())
