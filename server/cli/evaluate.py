"""`eval`: the quality of this installation, measured with a file that was not used for training."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from appliance.scripture.search.hits import Mode
from server.benchmarks.report import print_report
from server.bootstrap import Appliance
from server.cli.context import JSON_OPTION, Home


@click.group("eval")
def evaluate() -> None:
    """Measure quality with a file of questions and known answers."""


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode if mode is not Mode.STRONGS]),
    default=Mode.HYBRID.value,
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1), help="Use only this many topics, from the start of FILE.")
@click.option(
    "--cross-validate",
    is_flag=True,
    help="Five-fold cross-validation: train on four fifths of FILE, then rank the other fifth.",
)
@JSON_OPTION
@click.pass_obj
def topics(home: Home, file: Path, mode: str, limit: int | None, cross_validate: bool, as_json: bool) -> None:
    """Compare search results for the topics of FILE with the verses that readers voted for.

    FILE has tab-separated columns: topic, start, end, votes.
    """
    from server.benchmarks.topics import measure_topics, read_topics

    appliance = home.open()
    if cross_validate:
        _cross_validate(appliance, file, as_json=as_json)
        return
    gains_by_topic = dict(list(read_topics(file).items())[:limit])
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("searching", total=len(gains_by_topic))
        measurements = measure_topics(
            appliance, gains_by_topic, Mode(mode), lambda done, _total: bar.update(task, completed=done)
        )
    print_report("topics", measurements, as_json=as_json)


def _cross_validate(appliance: Appliance, file: Path, *, as_json: bool) -> None:
    from appliance.scripture.search.ranking.learning import read_votes
    from server.benchmarks.cross_validation import measure_cross_validated

    with Console(stderr=True).status("reading") as status:
        _, knowledge, learnable = read_votes(
            appliance.library, appliance.index_embedder, appliance.settings.embedded_translation, file
        )
        measurements = measure_cross_validated(appliance, knowledge, learnable, status.update)
    print_report("topics, cross-validated", measurements, as_json=as_json)


@evaluate.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--misses", is_flag=True, help="List the strings that were not read as FILE expects.")
@JSON_OPTION
def references(file: Path, as_json: bool, misses: bool) -> None:
    """Compare the references found in strings of FILE with the expected verses.

    FILE has tab-separated columns: kind, text, OSIS.
    """
    from server.benchmarks.references import measure_references, read_cases

    measurements, missed = measure_references(read_cases(file))
    print_report("references", measurements, as_json=as_json)
    if misses and not as_json:
        for miss in missed:
            click.echo(f"{miss.kind}\t{miss.text}\t{miss.expected}\t{miss.actual}")


@evaluate.command("known-items")
@click.option(
    "--topics",
    "file",
    type=click.Path(path_type=Path),
    help="A file of topics with votes. Also measure these topics as questions.",
)
@JSON_OPTION
@click.pass_obj
def known_items(home: Home, file: Path | None, as_json: bool) -> None:
    """Measure search for half-remembered verses, phrases, misspellings, older words and names."""
    from server.benchmarks.known_items import measure_known_items
    from server.benchmarks.topics import read_topics

    appliance = home.open()
    with Console(stderr=True).status("reading") as status:
        measurements = measure_known_items(appliance, read_topics(file) if file else {}, status.update)
    print_report("known items", measurements, as_json=as_json)
