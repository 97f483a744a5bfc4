"""Streams of a chat model through the model runtime of a data folder, in tokens per second."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from models.catalogue.model import ModelRole
from models.messages import ChatMessage
from server.benchmarks.companion import MeasurementFailed, companion
from server.benchmarks.load import ChatTimed, Conversation
from server.benchmarks.random_model import Shape, write_random_model
from server.bootstrap import Appliance

PROMPT = "Tell the story of the lost sheep in your own words, at length, and say what it means. This is telling number {number}."
ROUNDS, TOKENS, MIN_TOKENS = 4, 64, 8
# As slow as small models of use are.
SHAPE = Shape(width=512, heads=8, kv_heads=8, head_size=64, feed_forward=1408, layers=14)


def chat_model(house: Appliance, scratch: Path) -> str:
    """The newest chat model of a data folder; if it has none, a model with random weights is added."""
    models = [model for model in house.catalogue.models() if model.role is ModelRole.CHAT]
    if models:
        return max(models, key=lambda model: model.added_at).id
    file = write_random_model(scratch / "random.gguf", SHAPE)
    return asyncio.run(house.catalogue.add(file)).id


@contextlib.contextmanager
def streaming(house: Appliance, model: str) -> Iterator[Callable[[], float]]:
    """A function that streams some answers, each to a new prompt, and returns the tokens per second after the first tokens."""
    with companion("server.benchmarks.load", str(house.folder.models_socket)) as load:
        numbers = iter(range(1, 1_000_000))

        def stream() -> tuple[int, float]:
            message = ChatMessage(role="user", content=PROMPT.format(number=next(numbers)))
            timed = load.ask(Conversation(model, [message], TOKENS), ChatTimed).timed
            return timed.tokens - 1, timed.rest_s

        def rate() -> float:
            streams = [stream() for _ in range(ROUNDS)]
            tokens = sum(count for count, _ in streams)
            if tokens < MIN_TOKENS:
                raise MeasurementFailed(
                    f"{model} writes too little to be measured.", remedy="Add another chat model, or remove this one."
                )
            return tokens / sum(seconds for _, seconds in streams)

        stream()  # loads the model
        yield rate
