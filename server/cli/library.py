"""`library`, `index`: the items of the library, and search by meaning."""

import sys

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from appliance.infrastructure.jobs.job import Job
from appliance.scripture import operations
from appliance.scripture.jobs import COMPILE, IMPORT, INDEX, ImportArguments
from appliance.scripture.kinds import DATA_SETS, DICTIONARIES, kind_named
from appliance.scripture.library.queries import installed
from appliance.scripture.translations import queries
from server.bootstrap import Appliance
from server.cli.context import JSON_OPTION, Home, console, print_json, run_with_progress
from server.cli.publishers import PUBLISHED_FILES, download_published


@click.group()
def library() -> None:
    """List, import and remove translations, dictionaries and data sets."""


@library.command("list")
@JSON_OPTION
@click.pass_obj
def list_library(home: Home, as_json: bool) -> None:
    """List the items of the library."""
    appliance = home.open()
    if as_json:
        print_json(
            {
                "translations": queries.translations(appliance.library),
                "dictionaries": installed(appliance.library, *DICTIONARIES),
                "datasets": installed(appliance.library, *DATA_SETS),
            }
        )
        return
    table = Table("id", "name", "language", "entries", "licence", box=None, header_style="bold")
    for item in installed(appliance.library):
        entries = f"{item.entries:,} {kind_named(item.kind).entries_name}"
        table.add_row(item.id, item.name, item.language, entries, item.licence)
    console().print(
        table if table.row_count else "The library is empty. Import a translation with `lampstand library import FILE`."
    )


@library.command("import")
@click.argument("location")
@click.option(
    "--only", multiple=True, metavar="ID", help="Import only the item with this id. You can repeat the option."
)
@click.option(
    "--no-index",
    is_flag=True,
    help="Do not queue the jobs that update the graph and the vectors for search by meaning.",
)
@JSON_OPTION
@click.pass_obj
def import_library(home: Home, location: str, only: tuple[str, ...], no_index: bool, as_json: bool) -> None:
    """Import LOCATION: a SWORD module (folder or zip), OSIS XML, USFM, a links table, Theographic files, or pythonbible:WEB."""
    appliance = home.open()
    arguments = ImportArguments(location=location, only=list(only))
    job = run_with_progress(appliance, appliance.dispatcher.create(IMPORT, arguments), quiet=as_json)
    _report(appliance, job, [] if no_index else _queue_outdated_jobs(appliance), as_json=as_json)


@library.command()
@click.argument("name", type=click.Choice(list(PUBLISHED_FILES)))
@click.option("--from", "address", default="", metavar="URL", help="Download from this address, for example a mirror.")
@click.option(
    "--sha256", default="", metavar="HEX", help="The expected SHA-256. A file with another SHA-256 is rejected."
)
@JSON_OPTION
@click.pass_obj
def download(home: Home, name: str, address: str, sha256: str, as_json: bool) -> None:
    """Download a data set from its publisher and import it: cross references, topics, or people and places."""
    appliance = home.open()
    is_quiet = as_json or not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=is_quiet) as bar:
        task = bar.add_task(f"downloading {name}", total=None)
        file, digest = download_published(
            appliance,
            name,
            address=address,
            sha256=sha256,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total or None),
        )
    if not as_json:
        click.echo(f"{file.name}: SHA-256 {digest}")
    job = run_with_progress(
        appliance, appliance.dispatcher.create(IMPORT, ImportArguments(location=str(file))), quiet=as_json
    )
    _report(appliance, job, _queue_outdated_jobs(appliance), as_json=as_json)


def _queue_outdated_jobs(appliance: Appliance) -> list[Job]:
    """Queue the jobs that rebuild outdated data after an import: vectors, the graph, the topic memory."""
    jobs = appliance.create_outdated_jobs()
    for job in jobs:
        appliance.dispatcher.wake(job)
    return jobs


def _report(appliance: Appliance, job: Job, queued: list[Job], *, as_json: bool) -> None:
    if as_json:
        print_json({"job": job.id, "result": job.message, "translations": queries.translations(appliance.library)})
        return
    for line in job.message.split("; "):
        click.echo(line)
    if queued:
        names = ", ".join(queued_job.title[0].lower() + queued_job.title[1:] for queued_job in queued)
        click.echo(
            f"Queued: {names}. `lampstand up` runs these jobs. To run them now: `lampstand index`, `lampstand graph build`."
        )


@library.command()
@click.argument("identifier")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def remove(home: Home, identifier: str, yes: bool) -> None:
    """Remove a translation, dictionary or data set by its id."""
    appliance = home.open()
    if not yes:
        click.confirm(f"Remove {identifier} from the library? It can be imported again.", abort=True)
    name = operations.remove(appliance.library, identifier)
    click.echo(f"Removed {name}.")
    _queue_outdated_jobs(appliance)


@click.command()
@click.option("--enqueue", is_flag=True, help="Only queue the job. `lampstand up` runs it.")
@JSON_OPTION
@click.pass_obj
def index(home: Home, enqueue: bool, as_json: bool) -> None:
    """Prepare search by meaning: embed verses that have no vector yet, and compile the search index."""
    appliance = home.open()
    job = appliance.dispatcher.create(INDEX)
    if enqueue:
        appliance.dispatcher.wake(job)
    else:
        job = run_with_progress(appliance, job, quiet=as_json)
        if appliance.derived.compiled_is_outdated():
            run_with_progress(appliance, appliance.dispatcher.create(COMPILE), quiet=as_json)
    if as_json:
        print_json({"job": job.id, "state": job.state, "index": appliance.derived.index_state()})
    else:
        click.echo(job.message if not enqueue else f"Queued as job {job.id}.")
