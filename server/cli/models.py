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
    from appliance.infrastructure.paths import DataFolder
    from appliance.infrastructure.settings import default_home, load_settings

    home: Home = context.obj
    path = home.path or default_home()
    configure_logging(home.log_level or load_settings(path).log_level)
    folder = DataFolder(path).create()
    context.obj = ModelsFolder(folder.models, folder.models_socket)
