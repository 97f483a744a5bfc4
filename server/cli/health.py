"""`status`, `doctor`: how the appliance is, and what to do about it."""

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
    """What runs, what there is to read, and what is being worked on."""
    from appliance.scripture.translations import queries
    from server.start_report import answers
    from server.supervision import address, noted_address

    appliance = home.open()
    noted = noted_address(appliance.folder)
    url = noted or address(appliance.settings)
    index = appliance.derived.index_state()
    now = time.time()
    active = appliance.jobs.active()
    answer = {
        "version": __version__,
        "home": str(appliance.folder.home),
        "address": url,
        "web_running": noted is not None and answers(noted),
        "models_running": _models_run(appliance),
        "translations": {each.id: each.verses for each in queries.translations(appliance.library)},
        "index": msgspec.to_builtins(index) | {"complete": index.complete},
        "models": [model.id for model in appliance.catalogue.models()],
        "jobs": [
            {
                "id": j.id,
                "title": j.title,
                "progress": j.progress,
                "message": j.message,
                "seconds_left": j.seconds_left(now),
            }
            for j in active
        ],
    }
    if as_json:
        print_json(answer)
        return
    table = Table(box=None, show_header=False)
    table.add_row("Lampstand", f"{__version__}, data in {answer['home']}")
    table.add_row("Web", f"running at {url}" if answer["web_running"] else "not running: `lampstand up` starts it")
    table.add_row("Models", "running" if answer["models_running"] else "not running: started when needed")
    table.add_row(
        "Texts",
        ", ".join(f"{key} ({count:,})" for key, count in answer["translations"].items()) or "none yet",
    )
    table.add_row(
        "Meaning",
        f"searched in {index.translation}"
        if index.complete
        else f"{index.embedded:,} of {index.total:,} verses prepared",
    )
    for job in active:
        left = job.seconds_left(now)
        table.add_row(
            "Working on",
            f"{job.title}: {job.progress:.0%}, {job.message}" + (f", {duration(left)} left" if left else ""),
        )
    console().print(table)


def _models_run(appliance: "Appliance") -> bool:
    """Without a socket there is nothing to ask, and what asks takes long to load."""
    can_run = bool(appliance.settings.models_address) or appliance.folder.models_socket.exists()
    return can_run and appliance.models.is_running()


@click.command()
@click.option(
    "--repair", is_flag=True, help="Take the rights of other users of this machine away from the data folder."
)
@JSON_OPTION
@click.pass_obj
def doctor(home: Home, repair: bool, as_json: bool) -> None:
    """Look for what is wrong and say what to do about it. Ends with 1 where something must be done."""
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
        out.print(Text.assemble(mark, f" {check.what}: {check.finding}{remedy}"))
