"""`models add`, `models pull`, `models remove`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import click

from models.catalogue.model import Model, ModelRole
from models.cli.context import JSON_OPTION, ModelsFolder, byte_progress, print_json, run
from models.memory.plan import in_words

Command = TypeVar("Command", bound=Callable[..., Any])

_BECOMES = {
    ModelRole.CHAT: "Answers are written with it from now on.",
    ModelRole.EMBED: "Texts can be embedded with it.",
    ModelRole.RERANK: "Results can be reranked with it.",
}
_NAME = click.option("--name", default="", help="What to call it (default: the file's name).")
_FAMILY = click.option("--family", default="", help="Architecture of a GGML file of before GGUF: gpt2, gptj, mpt, …")
_LICENCE = click.option("--licence", default="", help="Its licence, where its files do not say.")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@_NAME
@_FAMILY
@_LICENCE
@JSON_OPTION
@click.pass_obj
def add(models_folder: ModelsFolder, path: Path, name: str, family: str, licence: str, as_json: bool) -> None:
    """Bring a model into the models folder: a GGUF or GGML file, or a folder of safetensors or ONNX."""
    with byte_progress(path.name, quiet=as_json) as progress:
        work = models_folder.catalogue.add(path, name=name, family=family, licence=licence, on_progress=progress)
        _say_added(run(work), as_json=as_json)


def with_pull_options(command: Command) -> Command:
    """Declare the arguments of `pull`, for this command and for those that download in another way."""
    declarations = (
        click.argument("name_or_url"),
        click.option("--sha256", default="", help="What the file's SHA-256 has to be."),
        _NAME,
        JSON_OPTION,
    )
    for decorate in reversed(declarations):
        command = decorate(command)
    return command


@click.command()
@with_pull_options
@click.pass_obj
def pull(models_folder: ModelsFolder, name_or_url: str, sha256: str, name: str, as_json: bool) -> None:
    """Fetch a model by its name in `models recommend`, or by the URL of its GGUF file. Run again, it goes on."""
    from models.catalogue.model_download import pull as bring

    with byte_progress(name or name_or_url.rsplit("/", 1)[-1], quiet=as_json) as progress:
        added = bring(
            models_folder.catalogue, models_folder.folder, name_or_url, sha256=sha256, name=name, on_progress=progress
        )
    _say_added(added, as_json=as_json)


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(models_folder: ModelsFolder, name: str, yes: bool) -> None:
    """Delete a model that was added."""
    model = models_folder.catalogue.find(name)
    if not yes:
        click.confirm(f"Delete {name} ({in_words(model.size)}) from {models_folder.folder}?", abort=True)
    with models_folder.client() as client:
        if client.is_running():
            client.admin("DELETE", f"models/{quote(name, safe='')}", Any)
        else:
            models_folder.catalogue.remove(name)
    click.echo(f"{name} is deleted.")


def _say_added(added: Model, *, as_json: bool) -> None:
    if as_json:
        print_json(added)
    else:
        click.echo(f"{added.id} is added ({in_words(added.size)}). {_BECOMES[added.role]}")
