"""`bench`: the speed of this installation, compared with a baseline from the same run."""

import click
from rich.console import Console

from server.benchmarks.crowd.plan import ABUSES
from server.benchmarks.report import print_report
from server.cli.context import JSON_OPTION, Home


@click.group()
def bench() -> None:
    """Measure speed on this machine."""


@bench.command()
@JSON_OPTION
@click.pass_obj
def models(home: Home, as_json: bool) -> None:
    """Measure how much time the model runtime adds, compared with calling a model directly."""
    import asyncio

    from models.catalogue.embedding_graph import ensure_export
    from models.catalogue.packaged import MINILM
    from server.benchmarks.models import measure_models

    appliance = home.open()
    with Console(stderr=True).status("measuring") as status:
        exported = asyncio.run(ensure_export(appliance.catalogue.find(MINILM), appliance.folder.models))
        measurements = measure_models(appliance.folder.home, exported, status.update)
    print_report("models", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def index(home: Home, as_json: bool) -> None:
    """Measure embedding with ONNX (and torch, if installed), and indexing the whole library."""
    from models.catalogue.packaged import MINILM, MINILM_TORCH
    from server.benchmarks.index import measure_index
    from server.model_runtime import RuntimeEmbedder

    appliance = home.open()
    onnx = RuntimeEmbedder(appliance.models, MINILM, fresh=True)
    torch = None
    if MINILM_TORCH in {model.id for model in appliance.models.models().data}:
        torch = RuntimeEmbedder(appliance.models, MINILM_TORCH, fresh=True)
    else:
        click.echo(
            "torch is not installed, so onnx_over_torch is not measured. Install torch with `./packaging/run.sh --torch`.",
            err=True,
        )
    with Console(stderr=True).status("measuring") as status:
        measurements = measure_index(appliance, onnx=onnx, torch=torch, on_progress=status.update)
    print_report("index", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def graph(home: Home, as_json: bool) -> None:
    """Measure building the graph and finding related passages."""
    from server.benchmarks.graph import measure_graph

    appliance = home.open()
    with Console(stderr=True).status("measuring") as status:
        measurements = measure_graph(appliance, status.update)
    print_report("graph", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def search(home: Home, as_json: bool) -> None:
    """Measure search through HTTP, with one client and with thirty clients."""
    from server.benchmarks.search import measure_search

    appliance = home.open()
    with Console(stderr=True).status("measuring") as status:
        measurements = measure_search(appliance, status.update)
    print_report("search", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def jobs(home: Home, as_json: bool) -> None:
    """Measure many small jobs, from creating the first job to finishing the last job."""
    from server.benchmarks.jobs import measure_jobs

    with Console(stderr=True).status("measuring") as status:
        measurements = measure_jobs(home.folder.create().home, status.update)
    print_report("jobs", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def events(home: Home, as_json: bool) -> None:
    """Measure the event stream, with two hundred clients and with a client that reconnects."""
    from server.benchmarks.events import measure_events

    with Console(stderr=True).status("measuring") as status:
        measurements = measure_events(home.folder.create().home, status.update)
    print_report("events", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def isolation(home: Home, as_json: bool) -> None:
    """Measure reading chapters and streaming a chat answer while the library is indexed and other jobs use all cores."""
    from server.benchmarks.isolation import measure_isolation

    appliance = home.open()
    with Console(stderr=True).status("measuring") as status:
        measurements = measure_isolation(appliance, status.update)
    print_report("isolation", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.option(
    "--only", multiple=True, type=click.Choice(ABUSES), help="Measure only this abuse. You can repeat the option."
)
@click.pass_obj
def crowd(home: Home, as_json: bool, only: tuple[str, ...]) -> None:
    """Measure reading while other clients send as many requests as they can."""
    from server.benchmarks.crowd.measurement import measure_crowd

    appliance = home.open()
    with Console(stderr=True).status("measuring") as status:
        measurements = measure_crowd(appliance, only, status.update)
    print_report("crowd", measurements, as_json=as_json)


@bench.command()
@JSON_OPTION
@click.pass_obj
def footprint(home: Home, as_json: bool) -> None:
    """Measure the memory of the server, and how long starts, first searches and commands take."""
    from server.benchmarks.footprint.measurement import measure_footprint

    appliance = home.open()
    err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    with err.status("measuring") as status:
        measurements = measure_footprint(appliance, status.update, err.print)
    print_report("footprint", measurements, as_json=as_json)
