"""`jobs`: list, start, cancel and retry jobs; pause and resume queues."""

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
    """Background jobs and their queues."""


@jobs.command("list")
@click.option("--limit", "-n", type=click.IntRange(1, 200), default=20, show_default=True)
@JSON_OPTION
@click.pass_obj
def list_jobs(home: Home, limit: int, as_json: bool) -> None:
    """List the latest jobs, newest first."""
    appliance = home.open()
    latest_jobs = appliance.jobs.latest(limit)
    now = time.time()
    if as_json:
        print_json(
            {"jobs": [msgspec.to_builtins(job) | {"seconds_left": job.seconds_left(now)} for job in latest_jobs]}
        )
        return
    table = Table("id", "job", "state", "progress", "time left", "message", box=None, header_style="bold")
    for job in latest_jobs:
        seconds_left = job.seconds_left(now)
        table.add_row(
            str(job.id),
            job.title,
            job.state,
            f"{job.progress:.0%}",
            duration(seconds_left) if seconds_left else "",
            job.error or job.message,
        )
    console().print(table if latest_jobs else "No jobs yet.")


@jobs.command()
@click.argument("kind", type=click.Choice(KINDS.on_request))
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def start(home: Home, kind: str, arguments: tuple[str, ...]) -> None:
    """Queue a job of a KIND. Arguments are NAME=VALUE; for a list, repeat NAME=VALUE for each value."""
    job_kind = KINDS.named(kind)
    job = home.open().dispatcher.start(job_kind, read_arguments(job_kind, arguments))
    click.echo(f"Job {job.id} queued: {job.title}. `lampstand up` runs it.")


def read_arguments(kind: JobKind[Any, Any], pairs: Sequence[str]) -> Any:
    """Return the arguments of a job kind from NAME=VALUE pairs. Raises click.BadParameter if a pair is invalid."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind.arguments)}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in fields:
            names = ", ".join(fields) or "none"
            raise click.BadParameter(
                f"{pair!r} is not a NAME=VALUE argument of {kind.name}. Its arguments are: {names}."
            )
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
    """Cancel a job."""
    appliance = home.open()
    job = appliance.jobs.cancel(job_id)
    click.echo(f"Job {job_id} is {job.state}." if not job.active else f"Job {job_id} stops at its next step.")


@jobs.command()
@click.argument("job_id", type=int)
@click.pass_obj
def retry(home: Home, job_id: int) -> None:
    """Retry a job that failed or was cancelled."""
    appliance = home.open()
    job = appliance.dispatcher.start_again(job_id)
    click.echo(f"Job {job.id} queued. `lampstand up` runs it.")


@jobs.command("queues")
@JSON_OPTION
@click.pass_obj
def list_queues(home: Home, as_json: bool) -> None:
    """List the queues: waiting jobs, running jobs, and which queues are paused."""
    states = home.open().queues.states()
    if as_json:
        print_json({"queues": states})
        return
    table = Table("queue", "waiting", "running", "pause", box=None, header_style="bold")
    for queue in states:
        pause_text = pause_in_words(queue.pause) if queue.pause else ""
        table.add_row(queue.name, str(queue.waiting), str(queue.running), pause_text)
    console().print(table)


@jobs.command()
@click.argument("queue", type=click.Choice(QUEUES))
@click.option("--reason", default="", help="The reason that people see.")
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="Resume automatically after this many minutes."
)
@click.pass_obj
def pause(home: Home, queue: str, reason: str, minutes: float | None) -> None:
    """Pause a QUEUE. Running jobs finish."""
    until = time.time() + minutes * 60 if minutes else None
    state = home.open().queues.pause(queue, paused_by="the command line", reason=reason, until=until)
    click.echo(pause_in_words(state.pause) if state.pause else "")


@jobs.command()
@click.argument("queue", type=click.Choice(QUEUES))
@click.pass_obj
def resume(home: Home, queue: str) -> None:
    """Resume a paused QUEUE."""
    appliance = home.open()
    state = appliance.dispatcher.resume(queue)
    click.echo(f"Queue {queue} resumed. Waiting jobs: {state.waiting}.")


@jobs.command()
@click.option("--title", required=True, help="The title that people see.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def track(home: Home, title: str, command: tuple[str, ...]) -> None:
    """Run a COMMAND as a job. Its progress and errors appear in the list of jobs."""
    appliance = home.open()
    job = appliance.jobs.create(COMMAND, TrackedCommand(title=title, command=list(command)))
    run_job(appliance.jobs, JobKinds([COMMAND]), None, job.id, working_folder=appliance.folder.working_folder)
