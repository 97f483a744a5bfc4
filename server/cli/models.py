"""`models`: the runtime's own commands, on this data folder."""

import click

from appliance.infrastructure.logs import configure_logging
from models.cli import models as group
from models.cli.context import ModelsFolder
from server.cli.context import Home


@click.group(commands=group.commands)
@click.pass_context
def models(context: click.Context) -> None:
    """The models that embed and write, and the runtime that loads them."""
    home: Home = context.obj
    settings = home.settings()
    # On a terminal a command itself says what it does; the service has its log.
    configure_logging(settings.log_level if context.invoked_subcommand == "serve" else home.log_level or "error")
    folder = home.folder.create()
    context.obj = ModelsFolder(folder.models, folder.models_socket, settings.models_address, settings.models_token)
