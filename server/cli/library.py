"""`library`, `index`: what there is to read, and search by meaning."""

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
from server.cli.publishers import OFFERS, bring


@click.group()
def library() -> None:
    """Texts, dictionaries and links: list, import, remove."""


@library.command("list")
@JSON_OPTION
@click.pass_obj
def list_library(home: Home, as_json: bool) -> None:
    """What the library holds."""
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
    console().print(table if table.row_count else "Nothing yet. `lampstand library import FILE` brings a text.")


@library.command("import")
@click.argument("location")
@click.option("--only", multiple=True, metavar="ID", help="Of several texts, only these. May be repeated.")
@click.option("--no-index", is_flag=True, help="Do not queue search by meaning and the graph for it.")
@JSON_OPTION
@click.pass_obj
def import_library(home: Home, location: str, only: tuple[str, ...], no_index: bool, as_json: bool) -> None:
    """Import LOCATION: a SWORD module (folder or zip), OSIS XML, USFM, a table of links, Theographic's files, or pythonbible:WEB."""
    appliance = home.open()
    arguments = ImportArguments(location=location, only=list(only))
    job = run_with_progress(appliance, appliance.dispatcher.create(IMPORT, arguments), quiet=as_json)
    _report(appliance, job, [] if no_index else _queue_what_follows(appliance), as_json=as_json)


@library.command()
@click.argument("name", type=click.Choice(list(OFFERS)))
@click.option("--from", "address", default="", metavar="URL", help="Another address, such as a mirror's.")
@click.option("--sha256", default="", metavar="HEX", help="Refuse anything else.")
@JSON_OPTION
@click.pass_obj
def fetch(home: Home, name: str, address: str, sha256: str, as_json: bool) -> None:
    """Bring what a publisher offers on the internet, and import it: cross references, topics, people and places."""
    appliance = home.open()
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task(f"fetching {name}", total=None)
        file, digest = bring(
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
    _report(appliance, job, _queue_what_follows(appliance), as_json=as_json)


def _queue_what_follows(appliance: Appliance) -> list[Job]:
    """Leave to the worker what an import makes necessary: vectors, the graph, the memory of topics."""
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
        names = ", ".join(each.title[0].lower() + each.title[1:] for each in queued)
        click.echo(
            f"Queued: {names}. `lampstand up` works on it; `lampstand index` and `lampstand graph build` do at once."
        )


@library.command()
@click.argument("identifier")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(home: Home, identifier: str, yes: bool) -> None:
    """Remove a text, dictionary or data set by its id."""
    appliance = home.open()
    if not yes:
        click.confirm(f"Remove {identifier} from the library? It can be imported again.", abort=True)
    name = operations.remove(appliance.library, identifier)
    click.echo(f"{name} is removed.")
    _queue_what_follows(appliance)


@click.command()
@click.option("--enqueue", is_flag=True, help="Leave it to the worker of `lampstand up`.")
@JSON_OPTION
@click.pass_obj
def index(home: Home, enqueue: bool, as_json: bool) -> None:
    """Prepare search by meaning: embed the verses that have no vector yet, and compile the search index."""
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
