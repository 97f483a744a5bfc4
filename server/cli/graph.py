"""`graph`: how verses are related."""

import click
from rich.table import Table

from appliance.scripture.graph.related import related as related_passages
from appliance.scripture.jobs import GRAPH
from appliance.scripture.references import parse_reference
from server.cli.context import JSON_OPTION, Home, console, print_json, run_with_progress


@click.group()
def graph() -> None:
    """How verses are related: topics, words, cross references."""


@graph.command()
@click.option("--enqueue", is_flag=True, help="Only queue the job. `lampstand up` runs it.")
@JSON_OPTION
@click.pass_obj
def build(home: Home, enqueue: bool, as_json: bool) -> None:
    """Rebuild the graph from the library. Running queries continue to use the old graph."""
    appliance = home.open()
    job = appliance.dispatcher.create(GRAPH)
    if enqueue:
        appliance.dispatcher.wake(job)
    else:
        job = run_with_progress(appliance, job, quiet=as_json)
    if as_json:
        print_json({"job": job.id, "state": job.state, "result": job.message})
    else:
        click.echo(job.message if not enqueue else f"Queued as job {job.id}.")


@graph.command()
@click.argument("reference", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@JSON_OPTION
@click.pass_obj
def related(home: Home, reference: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List passages related to the first verse of a REFERENCE, and why they are related."""
    appliance = home.open()
    passages = related_passages(appliance.graph, parse_reference(" ".join(reference)).start, limit)
    if as_json:
        print_json({"related": passages})
        return
    table = Table("passage", "score", "reasons", box=None, header_style="bold")
    for passage in passages:
        because = "; ".join(
            f"{reason.kind.value} {', '.join(reason.names)}".strip() if reason.names else reason.kind.value
            for reason in passage.reasons
        )
        table.add_row(passage.reference, f"{passage.score:.1f}", because)
    console().print(
        table
        if passages
        else "No related passages. Import cross references and topics with `lampstand library import`."
    )
