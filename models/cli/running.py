"""`models list`, `models load`, `models unload`, `models pin`."""

from urllib.parse import quote

import click
from rich.table import Table
from rich.text import Text

from models.api.model_status import ModelStatus, ModelStatuses
from models.cli.context import JSON_OPTION, ModelsFolder, console, print_json
from models.client import Client
from models.memory.plan import format_size


@click.command("list")
@JSON_OPTION
@click.pass_obj
def list_models(models_folder: ModelsFolder, as_json: bool) -> None:
    """List the available models, and show which are loaded."""
    with models_folder.client() as client:
        running = client.is_running()
        statuses = (
            client.admin("GET", "models", ModelStatuses).models if running else _statuses_without_runtime(models_folder)
        )
    if as_json:
        print_json({"models": statuses})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("model", "role", "size", "state", "memory"):
        table.add_column(heading, no_wrap=True)
    table.add_column("licence")
    for status in statuses:
        state = f"{status.state}, pinned" if status.pinned else status.state
        table.add_row(status.id, status.role, format_size(status.size), state, _memory(status), status.licence)
    out = console()
    out.print(table)
    if any(status.used_bytes for status in statuses):
        out.print("Memory: used / predicted.", style="dim")
    if not any(status.role == "chat" for status in statuses):
        out.print(
            "There is no chat model yet, so answers quote passages. Run `lampstand models recommend` to see which "
            "models fit this machine, and `lampstand models add FILE.gguf` to add one."
        )


@click.command()
@click.argument("name")
@JSON_OPTION
@click.pass_obj
def load(models_folder: ModelsFolder, name: str, as_json: bool) -> None:
    """Load a model now. A model that is idle for some time is unloaded again; `models pin` keeps it loaded."""
    _report(models_folder, "load", name, as_json=as_json)


@click.command()
@click.argument("name")
@JSON_OPTION
@click.pass_obj
def unload(models_folder: ModelsFolder, name: str, as_json: bool) -> None:
    """Unload a model and free its memory."""
    with models_folder.client() as client:
        if not client.is_running():
            models_folder.catalogue.find(name)
            click.echo("The runtime is not running, so no model is loaded.")
            return
        status = client.admin("POST", f"models/{quote(name, safe='')}/unload", ModelStatus)
    print_json(status) if as_json else click.echo(f"Unloaded {name}.")


@click.command()
@click.argument("name")
@click.option("--off", is_flag=True, help="Unpin the model.")
@JSON_OPTION
@click.pass_obj
def pin(models_folder: ModelsFolder, name: str, off: bool, as_json: bool) -> None:
    """Load a model now and at each start, and never unload it to free memory."""
    if not off:
        _report(models_folder, "pin", name, as_json=as_json)
        return
    with models_folder.client() as client:
        if client.is_running():
            client.admin("POST", f"models/{quote(name, safe='')}/unpin", ModelStatus)
        else:
            models_folder.catalogue.set_pinned(name, pinned=False)
    click.echo(f"Unpinned {name}.")


def _report(models_folder: ModelsFolder, action: str, name: str, *, as_json: bool) -> None:
    models_folder.catalogue.find(name)
    out = console()
    with models_folder.client() as client, out.status(Text(f"loading {name}")):
        status = _act(client, action, name)
    if as_json:
        print_json(status)
        return
    plan = status.plan
    pinned = " and pinned" if status.pinned else ""
    click.echo(
        f"Loaded{pinned} {name} in {status.load_s:.1f} s. It uses {format_size(status.used_bytes)}; the prediction was "
        f"{format_size(status.predicted_bytes)}."
    )
    for reason in plan.reasons if plan else []:
        click.echo(reason)


def _act(client: Client, action: str, name: str) -> ModelStatus:
    return client.admin("POST", f"models/{quote(name, safe='')}/{action}", ModelStatus)


def _memory(model: ModelStatus) -> str:
    return f"{format_size(model.used_bytes)} / {format_size(model.predicted_bytes)}" if model.used_bytes else ""


def _statuses_without_runtime(models_folder: ModelsFolder) -> list[ModelStatus]:
    pinned = models_folder.catalogue.pinned()
    return [
        ModelStatus(
            id=model.id,
            role=model.role.value,
            backend=model.backend,
            size=model.size,
            licence=model.licence,
            source=model.source,
            state="available",
            pinned=model.id in pinned,
        )
        for model in models_folder.catalogue.models()
    ]
