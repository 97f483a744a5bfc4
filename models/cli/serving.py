"""`models serve`."""

import ipaddress
import os
from pathlib import Path

import click
import msgspec

from models.cli.context import ModelsFolder

TOKEN_VARIABLE = "LAMPSTAND_MODELS_TOKEN"  # noqa: S105 - the name of a variable


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The models folder of a runtime, and the address that it listens on: `socket`, or `host` if `socket` is None."""

    folder: Path
    socket: Path | None
    host: str
    token: str


def serve_options(
    models_folder: ModelsFolder | None, *, folder: Path | None, socket: Path | None, host: str, token_file: Path | None
) -> ServeOptions:
    """Return the options of `models serve`.

    Raises UsageError if the folder or the address is missing, or if a network address has no token.
    """
    folder = folder or (models_folder.folder if models_folder else None)
    if folder is None:
        raise click.UsageError("Set the models folder with --folder.")
    token = token_file.read_text(encoding="utf-8").strip() if token_file else os.environ.get(TOKEN_VARIABLE, "")
    if host and not token and not _is_loopback(host):
        raise click.UsageError(
            f"Without a token, anyone who can reach {host} could use the models. Set a token with --token-file FILE "
            "(`head -c 24 /dev/urandom | base64 >FILE` creates the file)."
        )
    socket = None if host else socket or (models_folder.socket if models_folder else None)
    if socket is None and not host:
        raise click.UsageError("Set the address to listen on: --socket PATH or --host ADDRESS.")
    return ServeOptions(folder=folder, socket=socket, host=host, token=token)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), help="The models folder (default: in the data folder).")
@click.option(
    "--socket", type=click.Path(path_type=Path), help="Unix socket to listen on (default: in the data folder)."
)
@click.option("--host", default="", help="Listen on this address instead of a socket.")
@click.option("--port", default=8317, show_default=True, help="Port for --host.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"File with the bearer token that requests need (or ${TOKEN_VARIABLE}). Required for a network address.",
)
@click.option("--idle-exit", type=float, help="Exit after this many seconds without a request.")
@click.option("--ready-fd", type=int, hidden=True)
@click.pass_context
def serve(
    context: click.Context,
    folder: Path | None,
    socket: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    idle_exit: float | None,
    ready_fd: int | None,
) -> None:
    """Run the model runtime in the foreground."""
    options = serve_options(
        context.find_object(ModelsFolder), folder=folder, socket=socket, host=host, token_file=token_file
    )
    from models.api.service import serve as serve_runtime

    serve_runtime(
        options.folder,
        socket=options.socket,
        host=options.host,
        port=port,
        idle_exit_s=idle_exit,
        ready_fd=ready_fd,
        token=options.token,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
