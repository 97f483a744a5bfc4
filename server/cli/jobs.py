"""`jobs`: what runs, waits, is done or failed."""

import time
import typing
from collections.abc import Sequence
from typing import Any

import click
import msgspec
from rich.table import Table

from appliance.infrastructure.jobs.kind import QUEUES, JobKind, JobKinds
from appliance.infrastructure.jobs.runner import run_job
from server.cli.context import JSON_OPTION, Home, console, print_json
from server.command_jobs import COMMAND, TrackedCommand
from server.job_kinds import KINDS
from server.words import duration, pause_in_words


@click.group()
def jobs() -> None:
    """Work in the background."""


@jobs.command("list")
@click.option("--limit", "-n", type=click.IntRange(1, 200), default=20, show_default=True)
@JSON_OPTION
@click.pass_obj
def list_jobs(home: Home, limit: int, as_json: bool) -> None:
    """The latest jobs, newest first."""
    appliance = home.open()
    found = appliance.jobs.latest(limit)
    now = time.time()
    if as_json:
        print_json({"jobs": [msgspec.to_builtins(job) | {"seconds_left": job.seconds_left(now)} for job in found]})
        return
    table = Table("id", "what", "state", "progress", "left", "message", box=None, header_style="bold")
    for job in found:
        left = job.seconds_left(now)
        table.add_row(
            str(job.id),
            job.title,
            job.state,
            f"{job.progress:.0%}",
            duration(left) if left else "",
            job.error or job.message,
        )
    console().print(table if found else "No jobs yet.")


@jobs.command()
@click.argument("kind", type=click.Choice(KINDS.on_request))
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def start(home: Home, kind: str, arguments: tuple[str, ...]) -> None:
    """Start a job of a KIND, for the worker of `lampstand up`. Each argument is NAME=VALUE; a list is one per value."""
    chosen = KINDS.named(kind)
    job = home.open().dispatcher.start(chosen, read_arguments(chosen, arguments))
    click.echo(f"Job {job.id} ({job.title}) waits; `lampstand up` works on it.")


def read_arguments(kind: JobKind[Any, Any], pairs: Sequence[str]) -> Any:
    """The arguments of a kind from NAME=VALUE pairs. Raises click.BadParameter where they do not fit."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind.arguments)}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in fields:
            known = ", ".join(fields) or "none"
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE of {kind.name}. Its arguments are: {known}.")
        if typing.get_origin(fields[name]) is list:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    missing = [
        field.name for field in msgspec.structs.fields(kind.arguments) if field.required and field.name not in values
    ]
    if missing:
        raise click.BadParameter(f"{kind.name} needs {', '.join(f'{name}=VALUE' for name in missing)}.")
    try:
        return msgspec.convert(values, kind.arguments, strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(f"{error}.") from error


@jobs.command()
@click.argument("job_id", type=int)
@click.pass_obj
def cancel(home: Home, job_id: int) -> None:
    """Ask a job to stop."""
    appliance = home.open()
    job = appliance.jobs.cancel(job_id)
    click.echo(f"Job {job_id} is {job.state}." if not job.active else f"Job {job_id} will stop at its next step.")


@jobs.command()
@click.argument("job_id", type=int)
@click.pass_obj
def retry(home: Home, job_id: int) -> None:
    """Begin a job anew that failed or was cancelled."""
    appliance = home.open()
    job = appliance.dispatcher.start_again(job_id)
    click.echo(f"Job {job.id} waits; `lampstand up` works on it.")


@jobs.command("queues")
@JSON_OPTION
@click.pass_obj
def list_queues(home: Home, as_json: bool) -> None:
    """The queues: what waits, what runs, and which of them rest."""
    states = home.open().queues.states()
    if as_json:
        print_json({"queues": states})
        return
    table = Table("queue", "waiting", "running", "", box=None, header_style="bold")
    for each in states:
        table.add_row(each.name, str(each.waiting), str(each.running), pause_in_words(each.pause) if each.pause else "")
    console().print(table)


@jobs.command()
@click.argument("queue", type=click.Choice(QUEUES))
@click.option("--reason", default="", help="What people are told.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Go on by itself after so long.")
@click.pass_obj
def pause(home: Home, queue: str, reason: str, minutes: float | None) -> None:
    """Begin nothing new of a QUEUE; what runs is finished."""
    until = time.time() + minutes * 60 if minutes else None
    state = home.open().queues.pause(queue, paused_by="this machine's shell", reason=reason, until=until)
    click.echo(pause_in_words(state.pause) if state.pause else "")


@jobs.command()
@click.argument("queue", type=click.Choice(QUEUES))
@click.pass_obj
def resume(home: Home, queue: str) -> None:
    """Go on with a QUEUE."""
    appliance = home.open()
    state = appliance.dispatcher.resume(queue)
    click.echo(f"{queue} goes on; {state.waiting} waiting.")


@jobs.command()
@click.option("--title", required=True, help="What people see.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def track(home: Home, title: str, command: tuple[str, ...]) -> None:
    """Run a COMMAND as a job, so that its progress and its failure are seen where the other jobs are."""
    appliance = home.open()
    job = appliance.jobs.create(COMMAND, TrackedCommand(title=title, command=list(command)))
    run_job(appliance.jobs, JobKinds([COMMAND]), None, job.id, workshop=appliance.folder.workshop)
