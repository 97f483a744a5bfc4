"""The command line: `lampstand …`. Works on the data folder directly, with or without a server running."""

import errno
import os
import sys
from pathlib import Path

import click

from appliance.errors import ApplianceError
from appliance.infrastructure.paths import PRIVATE_UMASK
from server.cli.context import Home, fail, print_problem

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class _Lampstand(click.Group):
    """Loads the module of a command group when one of its commands is called: `status` needs no web server."""

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
    help="The data folder (default: $LAMPSTAND_HOME, else the user's).",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Least severe line of the log.",
)
@click.version_option(package_name="lampstand", prog_name="lampstand")
@click.pass_context
def lampstand(context: click.Context, home: Path | None, log_level: str | None) -> None:
    """A self-hosted Bible-study appliance: read, search and ask, on your own network, offline."""
    context.obj = Home(home, log_level)


def main() -> None:
    """Run the command line; errors become a sentence and an exit code."""
    # This import also turns off the network calls of model libraries, here and in every child process.
    from models.errors import ModelError
    from server.errors import NOT_AVAILABLE, PIPE_CLOSED, REFUSED, STOPPED, exit_code_of

    os.umask(PRIVATE_UMASK)
    # Before numpy is there: searches go side by side, and threads within one would wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        # Outside standalone mode click hands back the status of `Exit` instead of ending with it.
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
        place = error.filename or "a file that Lampstand needs"
        print_problem(
            f"This user cannot read or write {place}.", "Run the command as the user who owns the data folder."
        )
        sys.exit(REFUSED)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        print_problem(
            "The disk is full.",
            "Free some space and try again. `lampstand doctor` shows what takes the room; `lampstand serve` needs none.",
        )
        sys.exit(NOT_AVAILABLE)


if __name__ == "__main__":
    main()
