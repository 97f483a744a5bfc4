"""`lampstand models …`: run the model runtime, add models, show what the runtime does."""

import click

from models.cli.adding import add, download, remove
from models.cli.machine import plan, probe, recommend
from models.cli.measuring import bench
from models.cli.running import list_models, load, pin, unload
from models.cli.serving import serve


@click.group()
def models() -> None:
    """Manage models for search and answers, and the runtime that loads them."""


for command in (serve, list_models, add, download, remove, load, unload, pin, plan, probe, recommend, bench):
    models.add_command(command)
