"""Shared by commands: opening the data folder, printing for people and programs, running a job with a progress bar."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from appliance.errors import ApplianceError
from appliance.infrastructure.jobs.job import Job, JobRunningElsewhere, State
from appliance.infrastructure.logs import configure_logging
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings, default_home, load_settings

if TYPE_CHECKING:
    from server.bootstrap import Appliance

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WATCH_S = 0.25


class Home:
    """The data folder that the command line names. A command opens the folder when it needs the data."""

    def __init__(self, path: Path | None, log_level: str | None) -> None:
        self.path, self.log_level = path, log_level

    @property
    def folder(self) -> DataFolder:
        return DataFolder(self.path or default_home())

    def settings(self, **overrides: Any) -> Settings:
        return load_settings(self.folder.home, log_level=self.log_level, **overrides)

    def open(self, **overrides: Any) -> "Appliance":
        from server.bootstrap import open_appliance

        appliance = open_appliance(self.path, log_level=self.log_level, **overrides)
        # On a terminal, the command prints its own progress. The log is for errors.
        configure_logging(self.log_level or "error")
        return appliance


def console() -> Console:
    """Return a console for people. Lines wrap on a terminal only; a program that reads the output gets whole lines.

    Strings are printed unchanged. Otherwise rich would read [brackets] as styles and :CD: as an emoji in names, paths and
    messages. Use a `Text` for a style.
    """
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextlib.contextmanager
def notice_after(seconds: float, message: str) -> Iterator[None]:
    """Print the message on standard error if the code in the `with` block takes longer than `seconds`."""
    timer = threading.Timer(seconds, click.echo, [message], {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def print_problem(message: str, remedy: str = "") -> None:
    stderr = Console(stderr=True, highlight=False, markup=False, emoji=False)
    stderr.print(f"{'✗' if stderr.encoding.startswith('utf') else 'x'} ", style="bold red", end="")
    stderr.print(f"{message} {remedy}".strip(), soft_wrap=True)


def fail(error: ApplianceError) -> int:
    """Print an error as a sentence. Return its exit code."""
    from server.errors import exit_code_of

    print_problem(error.message, error.remedy)
    return exit_code_of(error)


def run_with_progress(appliance: "Appliance", job: Job, *, quiet: bool) -> Job:
    """Run a job in this process, or wait for it if another process runs it. Shows a progress bar on standard error."""
    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(job.title, total=1.0)

        def show(progress: float, message: str) -> None:
            bar.update(task, completed=progress, description=message)

        try:
            return appliance.dispatcher.run_in_process(job, show)
        except JobRunningElsewhere:
            return _follow(appliance, job, show)
        except KeyboardInterrupt:
            raise click.Abort from None


def _follow(appliance: "Appliance", job: Job, show: Any) -> Job:
    pause = threading.Event()
    while (current := appliance.jobs.get(job.id)).active:
        show(current.progress, current.message)
        pause.wait(WATCH_S)
        # If the job's worker died and no other worker runs, this command finishes the job.
        if any(due_job.id == job.id for due_job in appliance.jobs.due({job.kind})):
            with contextlib.suppress(JobRunningElsewhere):
                return appliance.dispatcher.run_in_process(job, show)
    if current.state is State.FAILED:
        raise click.ClickException(current.error or "The job failed.")
    return current
