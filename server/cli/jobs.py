"""`jobs`: what runs, waits, is done or failed."""

import re
import time

import click
import msgspec
from rich.table import Table

from appliance.infrastructure.jobs.kind import COMMAND, QUEUES
from appliance.infrastructure.jobs.runner import JobContext, run_job
from server.cli.context import JSON_OPTION, Home, console, print_json
from server.words import duration, pause_in_words

# What installers print of how far they are: `[12/340] Building …` of a compiler, the steps of pip.
_COUNTED = re.compile(r"\[\s*(\d+)/(\d+)\]|\[\s*(\d+)%\]")
_TELLING = re.compile(r"^\s*(?:Collecting|Downloading|Building|Installing|Successfully|\[)")
TRACKED_TIMEOUT_S = 3 * 3600


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
    job = appliance.begin_again(job_id)
    appliance.enqueue(job)
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
    state = appliance.resume(queue)
    click.echo(f"{queue} goes on; {state.waiting} waiting.")


@jobs.command()
@click.option("--title", required=True, help="What people see.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def track(home: Home, title: str, command: tuple[str, ...]) -> None:
    """Run a COMMAND as a job, so that its progress and its failure are seen where the other jobs are."""
    appliance = home.open()
    job = appliance.jobs.create(COMMAND, title=title, arguments={"command": list(command)})

    def work(context: JobContext, _arguments: object) -> str:
        context.report(0.0, "started", now=True)
        progress = 0.0

        def on_line(line: str) -> None:
            nonlocal progress
            click.echo(line)
            counted = _COUNTED.search(line)
            if counted:
                done, total, percent = counted.groups()
                progress = int(percent) / 100 if percent else int(done) / max(int(total), 1)
            if counted or _TELLING.match(line):
                context.report(min(progress, 1.0), line.strip()[:120])

        context.run_program(command, timeout_s=TRACKED_TIMEOUT_S, on_line=on_line)
        return "done"

    run_job(appliance.jobs, {COMMAND: work}, job.id, workshop=appliance.folder.workshop)
