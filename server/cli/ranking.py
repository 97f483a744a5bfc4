"""`ranking`: what search learned, made anew."""

from pathlib import Path

import click
from rich.console import Console

from appliance.scripture.search.ranking.learned import SHIPPED
from server.cli.context import Home


@click.group()
def ranking() -> None:
    """How search orders verses."""


@ranking.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), default=SHIPPED, show_default="where they are shipped", help="Folder."
)
@click.pass_obj
def train(home: Home, file: Path, output: Path) -> None:
    """Learn from FILE (topic, start, end, votes with tabs between) and write ranker.npz and topics.npz.

    Wants a library with WEB, KJV, Nave's, the commentaries and cross references, and search by meaning complete.
    """
    from server.training import train_ranking

    appliance = home.open()
    with Console(stderr=True).status("reading") as status:
        written = train_ranking(appliance, file, output, status.update)
    for path in written:
        click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
