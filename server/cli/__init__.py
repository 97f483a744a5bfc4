"""The command line: `lampstand …`. Commands use the data folder directly; no server needs to run."""

import errno
import os
import sys
from pathlib import Path

import click

from appliance.errors import ApplianceError
from appliance.infrastructure.paths import PRIVATE_UMASK
from server.cli.context import Home, fail, print_problem

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Lampstand(click.Group):
    """Imports the module of a command only when the command is called: `status` does not load the web server."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        import importlib

        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


_COMMANDS = {
    "up": ("server.cli.running", "up"),
    "serve": ("server.cli.running", "serve"),
    "worker": ("server.cli.running", "worker"),
    "library": ("server.cli.library", "library"),
    "index": ("server.cli.library", "index"),
    "graph": ("server.cli.graph", "graph"),
    "ranking": ("server.cli.ranking", "ranking"),
    "read": ("server.cli.reading", "read"),
    "search": ("server.cli.reading", "search_command"),
    "ask": ("server.cli.asking", "ask"),
    "models": ("server.cli.models", "models"),
    "jobs": ("server.cli.jobs", "jobs"),
    "users": ("server.cli.users", "users"),
    "tls": ("server.cli.tls", "tls"),
    "status": ("server.cli.health", "status"),
    "doctor": ("server.cli.health", "doctor"),
    "restore": ("server.cli.restoring", "restore"),
    "eval": ("server.cli.evaluate", "evaluate"),
    "bench": ("server.cli.bench", "bench"),
}


@click.command(cls=_Lampstand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The data folder (default: $LAMPSTAND_HOME, or the user's data folder).",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Minimum severity of log messages.",
)
@click.version_option(package_name="lampstand", prog_name="lampstand")
@click.pass_context
def lampstand(context: click.Context, home: Path | None, log_level: str | None) -> None:
    """Self-hosted Bible study: read, search and ask questions on your own network, without the internet."""
    context.obj = Home(home, log_level)


def main() -> None:
    """Run the command line. If the command fails, print the error as a sentence and return its exit code."""
    # This import also turns off network calls of the model libraries, in this process and its child processes.
    from models.errors import ModelError
    from server.errors import NOT_AVAILABLE, PIPE_CLOSED, REFUSED, STOPPED, exit_code_of

    os.umask(PRIVATE_UMASK)
    # Set this before numpy is imported: searches run in parallel, and several threads per search would block each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        # Outside standalone mode, click returns the status of `Exit` and does not exit.
        sys.exit(lampstand(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(STOPPED)
    except BrokenPipeError:
        sys.exit(PIPE_CLOSED)
    except ApplianceError as error:
        sys.exit(fail(error))
    except ModelError as error:
        print_problem(error.message)
        sys.exit(exit_code_of(error))
    except PermissionError as error:
        path = error.filename or "a file that Lampstand needs"
        print_problem(
            f"This user cannot read or write {path}.", "Run the command as the user who owns the data folder."
        )
        sys.exit(REFUSED)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        print_problem(
            "The disk is full.",
            "Free some space and try again. `lampstand doctor` shows what uses the space. "
            "`lampstand serve` works with a full disk.",
        )
        sys.exit(NOT_AVAILABLE)


if __name__ == "__main__":
    main()
