"""`models`: the runtime's own commands, on this data folder."""

import click

from appliance.infrastructure.logs import configure_logging
from models.cli import ModelsFolder
from models.cli import models as group
from server.cli.context import Home


@click.group(commands=group.commands)
@click.pass_context
def models(context: click.Context) -> None:
    """The models that embed and write, and the runtime that loads them."""
    home: Home = context.obj
    configure_logging(home.settings().log_level)
    folder = home.folder.create()
    context.obj = ModelsFolder(folder.models, folder.models_socket)
