"""`models add`, `models download`, `models remove`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import click

from models.catalogue.model import Model, ModelRole
from models.cli.context import JSON_OPTION, ModelsFolder, byte_progress, print_json, run
from models.memory.plan import format_size

Command = TypeVar("Command", bound=Callable[..., Any])

_USES = {
    ModelRole.CHAT: "From now on, Lampstand writes answers with this model.",
    ModelRole.EMBED: "This model can embed texts.",
    ModelRole.RERANK: "This model can rerank results.",
}
_NAME = click.option("--name", default="", help="Name of the model (default: the file's name).")
_FAMILY = click.option("--family", default="", help="Architecture of a GGML file (older than GGUF): gpt2, gptj, mpt, …")
_LICENCE = click.option("--licence", default="", help="Licence of the model, if its files do not contain it.")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@_NAME
@_FAMILY
@_LICENCE
@JSON_OPTION
@click.pass_obj
def add(models_folder: ModelsFolder, path: Path, name: str, family: str, licence: str, as_json: bool) -> None:
    """Add a model to the models folder: a GGUF or GGML file, or a folder with safetensors or ONNX files."""
    with byte_progress(path.name, quiet=as_json) as progress:
        adding = models_folder.catalogue.add(path, name=name, family=family, licence=licence, on_progress=progress)
        _print_added(run(adding), as_json=as_json)


def with_download_options(command: Command) -> Command:
    """Add the arguments of `download` to a command. Another command that downloads models uses the same arguments."""
    declarations = (
        click.argument("name_or_url"),
        click.option("--sha256", default="", help="Expected SHA-256 of the file."),
        _NAME,
        JSON_OPTION,
    )
    for decorate in reversed(declarations):
        command = decorate(command)
    return command


@click.command()
@with_download_options
@click.pass_obj
def download(models_folder: ModelsFolder, name_or_url: str, sha256: str, name: str, as_json: bool) -> None:
    """Download a model by its name in `models recommend`, or by the URL of its GGUF file. Run the command again to resume."""
    from models.catalogue.model_download import download_model

    with byte_progress(name or name_or_url.rsplit("/", 1)[-1], quiet=as_json) as progress:
        added = download_model(
            models_folder.catalogue, models_folder.folder, name_or_url, sha256=sha256, name=name, on_progress=progress
        )
    _print_added(added, as_json=as_json)


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def remove(models_folder: ModelsFolder, name: str, yes: bool) -> None:
    """Delete an added model."""
    model = models_folder.catalogue.find(name)
    if not yes:
        click.confirm(f"Delete {name} ({format_size(model.size)}) from {models_folder.folder}?", abort=True)
    with models_folder.client() as client:
        if client.is_running():
            client.admin("DELETE", f"models/{quote(name, safe='')}", Any)
        else:
            models_folder.catalogue.remove(name)
    click.echo(f"Deleted {name}.")


def _print_added(added: Model, *, as_json: bool) -> None:
    if as_json:
        print_json(added)
    else:
        click.echo(f"Added {added.id} ({format_size(added.size)}). {_USES[added.role]}")
