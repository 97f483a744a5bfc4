"""`status`, `doctor`: the state of the installation, and how to fix problems."""

import time
from typing import TYPE_CHECKING

import click
import msgspec
from rich.table import Table
from rich.text import Text

from appliance import __version__
from server.cli.context import JSON_OPTION, Home, console, print_json
from server.words import duration

if TYPE_CHECKING:
    from server.bootstrap import Appliance
    from server.checks import Check


@click.command()
@JSON_OPTION
@click.pass_obj
def status(home: Home, as_json: bool) -> None:
    """Show running processes, installed translations and active jobs."""
    from appliance.scripture.translations import queries
    from server.start_report import answers
    from server.supervision import address, noted_address

    appliance = home.open()
    recorded_url = noted_address(appliance.folder)
    url = recorded_url or address(appliance.settings)
    index = appliance.derived.index_state()
    now = time.time()
    active = appliance.jobs.active()
    answer = {
        "version": __version__,
        "home": str(appliance.folder.home),
        "address": url,
        "web_running": recorded_url is not None and answers(recorded_url),
        "models_running": _models_run(appliance),
        "translations": {translation.id: translation.verses for translation in queries.translations(appliance.library)},
        "index": msgspec.to_builtins(index) | {"complete": index.complete},
        "models": [model.id for model in appliance.catalogue.models()],
        "jobs": [
            {
                "id": job.id,
                "title": job.title,
                "progress": job.progress,
                "message": job.message,
                "seconds_left": job.seconds_left(now),
            }
            for job in active
        ],
    }
    if as_json:
        print_json(answer)
        return
    table = Table(box=None, show_header=False)
    table.add_row("Lampstand", f"{__version__}, data in {answer['home']}")
    table.add_row("Web", f"running at {url}" if answer["web_running"] else "not running. Start with `lampstand up`.")
    table.add_row("Model runtime", "running" if answer["models_running"] else "not running. Starts when needed.")
    table.add_row(
        "Translations",
        ", ".join(f"{key} ({count:,} verses)" for key, count in answer["translations"].items()) or "none yet",
    )
    table.add_row(
        "Search by meaning",
        f"ready ({index.translation})"
        if index.complete
        else f"not ready: {index.embedded:,} of {index.total:,} verses are embedded",
    )
    for job in active:
        seconds_left = job.seconds_left(now)
        table.add_row(
            "Active job",
            f"{job.title}: {job.progress:.0%}, {job.message}"
            + (f", {duration(seconds_left)} left" if seconds_left else ""),
        )
    console().print(table)


def _models_run(appliance: "Appliance") -> bool:
    """Return whether the model runtime runs. Without a socket, send no request, because importing the client is slow."""
    can_run = bool(appliance.settings.models_address) or appliance.folder.models_socket.exists()
    return can_run and appliance.models.is_running()


@click.command()
@click.option("--repair", is_flag=True, help="Remove the access of other users of this machine to the data folder.")
@JSON_OPTION
@click.pass_obj
def doctor(home: Home, repair: bool, as_json: bool) -> None:
    """Find problems and say how to fix them. The exit code is 1 if something must be fixed."""
    from server.checks import run_checks

    if repair:
        home.folder.make_private()
    checks = run_checks(home.folder, home.open)
    if as_json:
        print_json({"checks": checks})
    else:
        _print_checks(checks)
    raise click.exceptions.Exit(0 if all(check.ok or not check.needed for check in checks) else 1)


def _print_checks(checks: "list[Check]") -> None:
    out = console()
    for check in checks:
        mark = ("ok  ", "green") if check.ok else (("fix ", "red") if check.needed else ("note", "yellow"))
        remedy = f" {check.remedy}" if check.remedy and not check.ok else ""
        out.print(Text.assemble(mark, f" {check.name}: {check.finding}{remedy}"))
