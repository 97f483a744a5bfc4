"""`up`, `serve`, `worker`: the long-running processes."""

import contextlib
from typing import TYPE_CHECKING, Any

import click
import structlog
from rich.text import Text

from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, RENEW_KEYS
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.logs import configure_logging
from server.cli.context import Home, console, fail

if TYPE_CHECKING:
    from server.bootstrap import Appliance

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - other machines can connect

_host = click.option(
    "--host",
    help="Address to listen on (default: this machine; also the local network after an administrator is set up).",
)
_port = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
_https_port = click.option("--https-port", type=click.IntRange(1, 65535), help="HTTPS port for other machines.")

_exercises = click.option("--exercises", is_flag=True, hidden=True, help="Also run the jobs of measurements.")


def open_if_port_free(home: Home, **overrides: Any) -> "Appliance":
    """Check that the port is free, then open the data folder. If the port is in use, nothing is written."""
    from server.supervision import check_port

    settings = home.settings(**overrides)
    check_port(LOOPBACK, settings.port)
    return home.open(**overrides)


@click.command()
@_host
@_port
@_https_port
@_exercises
@click.pass_obj
def up(home: Home, host: str | None, port: int | None, https_port: int | None, exercises: bool) -> None:
    """Run Lampstand: web server, model runtime, workers. Restarts processes that fail. Ctrl-C stops Lampstand."""
    from server.supervision import become_supervisor, clear_for_start, refuse_read_only

    refuse_read_only(home.folder)
    out = console()
    if home.folder.run.is_dir() and (stopped := clear_for_start(home.folder)):
        out.print(f"Stopped processes of an earlier `lampstand up`: {', '.join(stopped)}.")
    appliance = open_if_port_free(home, host=host, port=port, https_port=https_port)
    _report_modes(appliance)
    greeting = _greeting(appliance)
    appliance.close()

    def ready(address: str) -> None:
        out.print(
            Text.assemble(
                "Lampstand runs at ", (address, "bold"), f" (data in {appliance.folder.home}). Ctrl-C stops it."
            )
        )
        for line in greeting:
            out.print(line)

    become_supervisor(appliance.folder, appliance.settings, ready, fail, exercises=exercises)


def _report_modes(appliance: "Appliance") -> None:
    """Remove the access of other users to the data folder. An earlier version or a person may have allowed this access."""
    changed = appliance.folder.make_private()
    if changed:
        console().print(
            f"Other users of this machine could open {len(changed)} files and folders of {appliance.folder.home}. "
            "Their access was removed."
        )


def _greeting(appliance: "Appliance") -> list[Text]:
    """Return a warning about exposed keys, then the next step: the set-up, or the address for other machines."""
    return [
        *(
            [Text.assemble((EXPOSED_KEYS, "yellow"), f" {RENEW_KEYS}")]
            if appliance.certificate.keys_are_exposed
            else []
        ),
        *_next_step(appliance),
    ]


def _next_step(appliance: "Appliance") -> list[Text]:
    from appliance.community.accounts import queries
    from appliance.community.accounts.operations import site_setup
    from server.supervision import PortInUse, address, check_port

    if not queries.is_set_up(appliance.appliance_db):
        with appliance.appliance_db.write() as work:
            code = site_setup.new_setup_code(work)
        page = f"{address(appliance.settings)}/setup"
        return [
            Text.assemble(
                f"Lampstand is not set up yet, so only this machine can connect. Open {page} and enter the code ",
                (code, "bold"),
                ",",
            ),
            Text("or run `lampstand users setup` here (no browser needed)."),
        ]
    if appliance.settings.host in (LOOPBACK, "localhost", "::1"):
        return []
    try:
        check_port(appliance.settings.host or EVERYWHERE, appliance.settings.https_port, "--https-port")
    except PortInUse as error:
        return [Text(f"Other machines cannot connect. {error}")]
    return [Text(f"Other machines can connect at {' or '.join(appliance.certificate.addresses())}")]


@click.command()
@_host
@_port
@_https_port
@click.option("--supervised", is_flag=True, hidden=True, help="Another command prints the next step.")
@click.pass_obj
def serve(home: Home, host: str | None, port: int | None, https_port: int | None, supervised: bool) -> None:
    """Run only the web server, in the foreground."""
    import asyncio

    import uvloop

    from server.app import create_app
    from server.listeners import Listeners
    from server.supervision import address, note_address
    from server.time_slice import shorten_time_slice

    shorten_time_slice()
    appliance = open_if_port_free(home, host=host, port=port, https_port=https_port)
    if not supervised and appliance.folder.is_writable:
        _report_modes(appliance)
    configure_logging(appliance.settings.log_level)
    if appliance.certificate.keys_are_exposed:
        structlog.get_logger().warning("the HTTPS keys are exposed", reason=EXPOSED_KEYS, remedy=RENEW_KEYS)
    url, out = address(appliance.settings), console()

    def ready() -> None:
        out.print(f"Serving at {url}")
        if not supervised and appliance.folder.is_writable:
            for line in _greeting(appliance):
                out.print(line)

    def opened() -> None:
        out.print(f"Other machines can connect at {' or '.join(appliance.certificate.addresses())}")

    app = create_app(appliance)

    async def listen() -> None:
        await Listeners(app, appliance).run(ready, opened)

    # If the disk is full or read-only, the address is not stored. Commands then cannot find the server, but browsers can.
    with contextlib.suppress(OSError):
        note_address(appliance.folder, url)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(listen())


@click.command()
@click.argument("queue", type=click.Choice(QUEUES))
@_exercises
@click.pass_obj
def worker(home: Home, queue: str, exercises: bool) -> None:
    """Run the jobs of a QUEUE, in the foreground."""
    from appliance.infrastructure.jobs.own_process import in_own_process
    from server.job_process import all_kinds, command_of
    from server.worker import Worker

    appliance = home.open()
    configure_logging(appliance.settings.log_level)
    kinds = in_own_process(all_kinds(exercises=exercises), command_of(appliance, exercises=exercises))
    Worker(appliance, queue, kinds).run()
