"""`up`, `serve`, `worker`: what runs for long."""

from typing import Any

import click

from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.logs import configure_logging
from server.bootstrap import Appliance
from server.cli.context import Home, console

LAN = "0.0.0.0"  # noqa: S104 - only when --lan asks for it
_host = click.option("--host", help="Address to listen on (default: this machine only).")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")


def open_where_free(home: Home, **overrides: Any) -> Appliance:
    """Open the data folder once the port is known to be free, so that nothing is written where it is not."""
    from server.supervision import check_port

    settings = home.settings(**overrides)
    check_port(settings.host, settings.port)
    return home.open(**overrides)


@click.command()
@_host
@_port
@click.option(
    "--lan",
    is_flag=True,
    help="Answer the local network too. There are no accounts yet: whoever reaches it may use it.",
)
@click.pass_obj
def up(home: Home, host: str | None, port: int | None, lan: bool) -> None:
    """Run everything: web server, model runtime, worker. Restarts what dies; Ctrl-C ends it."""
    from server.supervision import lan_addresses, run_all

    appliance = open_where_free(home, host=LAN if lan else host, port=port)
    appliance.close()
    out = console()

    def ready(address: str) -> None:
        out.print(f"Lampstand is at [bold]{address}[/] (data in {appliance.folder.home}). Ctrl-C ends it.")
        if lan:
            out.print(
                "The local network can use it without signing in, at "
                + " or ".join(lan_addresses(appliance.settings.port))
            )

    raise click.exceptions.Exit(run_all(appliance.folder, appliance.settings, ready))


@click.command()
@_host
@_port
@click.pass_obj
def serve(home: Home, host: str | None, port: int | None) -> None:
    """Run the web server alone, in the foreground."""
    import uvicorn

    from server.app import create_app
    from server.supervision import address

    appliance = open_where_free(home, host=host, port=port)
    configure_logging(appliance.settings.log_level)
    url, note = address(appliance.settings), appliance.folder.web_address
    console().print(f"Serving at {url}")
    note.write_text(url, encoding="utf-8")
    uvicorn.run(
        create_app(appliance), host=appliance.settings.host, port=appliance.settings.port, log_level="warning",
        access_log=False, timeout_graceful_shutdown=3, server_header=False,
    )  # fmt: skip


@click.command()
@click.argument("queue", type=click.Choice(QUEUES))
@click.option("--exercises", is_flag=True, hidden=True, help="Do the work of measurements too.")
@click.pass_obj
def worker(home: Home, queue: str, exercises: bool) -> None:
    """Work on the jobs of a QUEUE, in the foreground."""
    from server.worker import Worker

    appliance = home.open()
    configure_logging(appliance.settings.log_level)
    work = appliance.work
    if exercises:
        from server.benchmarks.exercises import exercises as known_exercises

        work = {**work, **known_exercises(appliance.folder.home)}
    Worker(appliance, queue, work).run()
