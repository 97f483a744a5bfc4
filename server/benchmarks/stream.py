"""The tokens per second of a chat model, streamed by the model runtime of a data folder."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from models.catalogue.model import ModelRole
from models.messages import ChatMessage
from server.benchmarks.helper_process import MeasurementFailed, helper_process
from server.benchmarks.load import Conversation, TimedAnswer
from server.benchmarks.random_model import Shape, write_random_model
from server.bootstrap import Appliance

PROMPT = "Tell the story of the lost sheep in your own words, at length, and say what it means. This is telling number {number}."
ROUNDS, TOKENS, MIN_TOKENS = 4, 64, 8
# A model of this shape is as slow as useful small models.
SHAPE = Shape(width=512, heads=8, kv_heads=8, head_size=64, feed_forward=1408, layers=14)


def chat_model(appliance: Appliance, temporary_folder: Path) -> str:
    """Return the newest chat model of a data folder. If it has no chat model, add one with random weights."""
    models = [model for model in appliance.catalogue.models() if model.role is ModelRole.CHAT]
    if models:
        return max(models, key=lambda model: model.added_at).id
    file = write_random_model(temporary_folder / "random.gguf", SHAPE)
    return asyncio.run(appliance.catalogue.add(file)).id


@contextlib.contextmanager
def streaming(appliance: Appliance, model: str) -> Iterator[Callable[[], float]]:
    """Yield a function that streams answers to new prompts and returns the tokens per second after the first token."""
    with helper_process("server.benchmarks.load", str(appliance.folder.models_socket)) as load:
        numbers = iter(range(1, 1_000_000))

        def stream() -> tuple[int, float]:
            message = ChatMessage(role="user", content=PROMPT.format(number=next(numbers)))
            times = load.ask(Conversation(model, [message], TOKENS), TimedAnswer).times
            return times.tokens - 1, times.rest_s

        def rate() -> float:
            streams = [stream() for _ in range(ROUNDS)]
            tokens = sum(count for count, _ in streams)
            if tokens < MIN_TOKENS:
                raise MeasurementFailed(
                    f"{model} generates too few tokens to measure.",
                    remedy="Add another chat model, or remove this one.",
                )
            return tokens / sum(seconds for _, seconds in streams)

        stream()  # loads the model
        yield rate
