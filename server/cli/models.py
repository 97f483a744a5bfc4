"""`models`: the commands of the model runtime, for this data folder."""

from functools import partial

import click

from appliance.infrastructure.logs import configure_logging
from models.cli import models as group
from models.cli.adding import with_download_options
from models.cli.context import ModelsFolder
from server.cli.context import Home, print_json, run_with_progress
from server.left_over import runtime_wait_for_start
from server.model_jobs import DOWNLOAD, ModelDownload


@click.group(commands={name: command for name, command in group.commands.items() if name != "download"})
@click.pass_context
def models(context: click.Context) -> None:
    """Manage models for search and answers, and the runtime that loads them."""
    home: Home = context.obj
    settings = home.settings()
    # On a terminal, a command prints its own progress. `serve` writes a log.
    configure_logging(settings.log_level if context.invoked_subcommand == "serve" else home.log_level or "error")
    folder = home.folder.create()
    context.obj = ModelsFolder(
        folder.models,
        folder.models_socket,
        settings.models_address,
        settings.models_token,
        partial(runtime_wait_for_start, folder),
    )


@models.command()
@with_download_options
@click.pass_context
def download(context: click.Context, name_or_url: str, sha256: str, name: str, as_json: bool) -> None:
    """Download a model by its name in `models recommend`, or by the URL of its GGUF file. Run the command again to resume."""
    assert context.parent is not None  # noqa: S101 - it is a command of a group
    assert context.parent.parent is not None  # noqa: S101
    home: Home = context.parent.parent.obj
    appliance = home.open()
    arguments = ModelDownload(model=name_or_url, sha256=sha256, name=name)
    job = run_with_progress(appliance, appliance.dispatcher.create(DOWNLOAD, arguments), quiet=as_json)
    if as_json:
        print_json({"job": job.id, "result": job.message})
    else:
        click.echo(f"{job.message}. Run `lampstand models list` to see all models.")
