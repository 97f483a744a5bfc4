"""`ranking`: train the ranking model, and print its features."""

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from appliance.infrastructure.opening import read_regular
from appliance.scripture.search.hits import Search
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.search.ranking.learned import SHIPPED
from appliance.scripture.translations.translation import Translation
from server.bootstrap import Appliance
from server.cli.context import JSON_OPTION, Home, console, print_json


@click.group()
def ranking() -> None:
    """The ranking of search results."""


@ranking.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=SHIPPED,
    show_default="the folder with the ranking model of Lampstand",
    help="Output folder.",
)
@click.pass_obj
def train(home: Home, file: Path, output: Path) -> None:
    """Train the ranking model on FILE and write ranker.npz and topics.npz.

    FILE has tab-separated columns: topic, start, end, votes. The library must contain WEB, KJV, Nave's, the commentaries
    and cross references. Search by meaning must be ready.
    """
    from appliance.scripture.search.ranking.learning import train_ranking

    appliance = home.open()
    with Console(stderr=True).status("reading") as status:
        output_files = train_ranking(
            appliance.library,
            appliance.index_embedder,
            appliance.settings.embedded_translation,
            file,
            output,
            tokenizer=next(appliance.folder.models.glob(f"{appliance.embedder.model}*/tokenizer.json")),
            on_progress=status.update,
        )
    for path in output_files:
        click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


class QueryFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """The features of a query: its candidate verses in canonical order, with one row of numbers per verse."""

    query: str
    columns: list[str]
    verse_ids: list[int]
    rows: list[list[float]]


@ranking.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--translation", help="The translation that the reader uses (default: the default translation).")
@JSON_OPTION
@click.pass_obj
def features(home: Home, file: Path, translation: str | None, as_json: bool) -> None:
    """Print the features of each query in FILE: columns, verses and one row of numbers per verse.

    FILE has one query per line.
    """
    appliance = home.open()
    reader_translation = appliance.translations.choose(translation or "")
    features_by_query = [_features(appliance, query, reader_translation) for query in read_queries(file)]
    if as_json:
        print_json({"queries": features_by_query})
        return
    table = Table("query", "verses", "columns", box=None, header_style="bold")
    for row in features_by_query:
        table.add_row(row.query, f"{len(row.verse_ids):,}", f"{len(row.columns):,}")
    console().print(table)


def read_queries(file: Path) -> list[str]:
    """Return the queries of a file with one query per line. Skips empty lines. Raises FileRefused or QueryRefused."""
    try:
        lines = read_regular(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise QueryRefused(f"{file.name} is not UTF-8.", remedy="Convert it to UTF-8 first.") from error
    queries = [line.strip() for line in lines if line.strip()]
    if not queries:
        raise QueryRefused(f"{file.name} has no queries.", remedy="Write one query per line.")
    return queries


def _features(appliance: Appliance, query: str, translation: Translation) -> QueryFeatures:
    table = appliance.finder.features(Search(query=query, translation=translation))
    return QueryFeatures(
        query=query, columns=table.columns, verse_ids=table.verse_ids.tolist(), rows=table.rows.tolist()
    )
