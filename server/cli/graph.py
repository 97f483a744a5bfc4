"""`graph`: how verses hang together."""

import click
from rich.table import Table

from appliance.scripture.graph.related import related as related_passages
from appliance.scripture.jobs import GRAPH
from appliance.scripture.references import parse_reference
from server.cli.context import JSON_OPTION, Home, console, print_json, run_with_progress


@click.group()
def graph() -> None:
    """How verses hang together: topics, words, cross references."""


@graph.command()
@click.option("--enqueue", is_flag=True, help="Leave it to the worker of `lampstand up`.")
@JSON_OPTION
@click.pass_obj
def build(home: Home, enqueue: bool, as_json: bool) -> None:
    """Build the graph anew from the library. Who reads the older one goes on with it."""
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
    """Passages related to the first verse of a REFERENCE, and why."""
    appliance = home.open()
    found = related_passages(appliance.graph, parse_reference(" ".join(reference)).start, limit)
    if as_json:
        print_json({"related": found})
        return
    table = Table("passage", "score", "because", box=None, header_style="bold")
    for each in found:
        because = "; ".join(
            f"{reason.kind.value} {', '.join(reason.names)}".strip() if reason.names else reason.kind.value
            for reason in each.reasons
        )
        table.add_row(each.reference, f"{each.score:.1f}", because)
    console().print(table if found else "Nothing. `lampstand library import` brings cross references and topics.")
