"""`models bench`: measure the speed of one model on this machine."""

import time
from collections.abc import Callable
from functools import partial

import click
import msgspec
from rich.text import Text

from models.catalogue.model import ModelRole
from models.cli.context import JSON_OPTION, ModelsFolder, console, print_json, run
from models.client import Client
from models.errors import RequestInvalid
from models.messages import ChatMessage, ChatRequest, Usage

PROMPT = "Tell the story of the lost sheep in your own words, and say what it means."
TOKENS = 128
TEXTS = 256


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """The speed of a model. `per_s` is the number of tokens (chat model) or texts (embedding model) per second.

    `first_s` is the time in seconds until the first token or text.
    """

    model: str
    first_s: float
    per_s: float
    unit: str


@click.command()
@click.argument("name")
@JSON_OPTION
@click.pass_obj
def bench(models_folder: ModelsFolder, name: str, as_json: bool) -> None:
    """Measure how fast a model generates or embeds on this machine, through the runtime."""
    model = models_folder.catalogue.find(name)
    with models_folder.client() as client, console().status(Text(f"measuring {name}")):
        client.ensure_running()
        if model.role is ModelRole.CHAT:
            run(measure_chat(client, name, tokens=1))  # loads the model
            speed = run(measure_chat(client, name, tokens=TOKENS))
        elif model.role is ModelRole.EMBED:
            embed = partial(client.embed, model=name)
            embed(["ready"])
            speed = measure_embedding(embed, name)
        else:
            raise RequestInvalid(
                f"{name} is a reranking model. Its speed depends on the documents. Choose a chat or embedding model."
            )
    if as_json:
        print_json(speed)
    else:
        click.echo(f"{name}: first after {speed.first_s * 1000:,.0f} ms, then {speed.per_s:,.1f} {speed.unit}")


async def measure_chat(
    client: Client, name: str, *, tokens: int, clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """Return the speed of one answer of at most `tokens` tokens. `clock` returns seconds. Raises ModelError."""
    began = first = clock()
    has_begun = False
    usages: list[Usage] = []
    request = ChatRequest(
        model=name, messages=[ChatMessage(role="user", content=PROMPT)], max_tokens=tokens, temperature=0, seed=1
    )
    async for _ in client.stream_chat(request, on_usage=usages.append):
        first = first if has_begun else clock()
        has_begun = True
    took = clock() - first
    written = sum(usage.completion_tokens for usage in usages)
    return Speed(model=name, first_s=first - began, per_s=(written - 1) / took if written > 1 else 0.0, unit="tokens/s")


def measure_embedding(
    embed: Callable[[list[str]], object], name: str, *, clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """Return the speed of embedding short texts with `embed`. `clock` returns seconds. Raises ModelError."""
    # The texts contain the time, so that the cache has no vector of them.
    texts = [f"Verse {time.time_ns()} {number} of a long and quiet book" for number in range(TEXTS)]
    began = clock()
    embed(texts[:1])
    first = clock()
    embed(texts[1:])
    return Speed(model=name, first_s=first - began, per_s=(TEXTS - 1) / (clock() - first), unit="texts/s")
