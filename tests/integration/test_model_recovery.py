"""The time between the kill of a model's process and the next answer."""

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes.model_runtime import answer, chat_request, running_runtime
from fakes.tiny_gguf import make_tiny_gguf

from appliance.infrastructure.paths import DataFolder
from models.catalogue.catalogue import Catalogue
from models.catalogue.packaged import MINILM
from models.child.frames import Piece
from models.client import Client
from models.errors import ModelCrashed
from models.runtime.model_runtime import ModelRuntime

ROUNDS, SOAK_ROUNDS = 3, 50
# Starting a process, importing the library and loading the model is slow on a busy machine.
LONGEST_S = 60.0


@pytest.fixture
def folder(tmp_path: Path, runtime_folder: DataFolder, runtime: Client) -> Path:
    """A models folder with a chat model of llama.cpp and the exported embedding model."""
    runtime.embed(["ready"], model=MINILM)
    target = tmp_path / "models"
    target.mkdir()
    (target / f"{MINILM}-onnx").symlink_to(runtime_folder.models / f"{MINILM}-onnx")
    asyncio.run(Catalogue(target).add(make_tiny_gguf(tmp_path / "chat.gguf", layers=30)))
    return target


def kill(runtime: ModelRuntime, model: str) -> float:
    """Kill a model's process, as `kill -9` does, and return the time."""
    os.kill(
        next(loaded.child.pid for loaded in runtime.residency.loaded_models() if loaded.model.id == model),
        signal.SIGKILL,
    )
    return time.monotonic()


async def generate_and_kill(runtime: ModelRuntime) -> float:
    """Kill the chat model in the middle of an answer."""
    killed = 0.0
    with pytest.raises(ModelCrashed, match="The next request starts the model again"):
        async for event in runtime.generate("chat", chat_request("Hello", max_tokens=4000)):
            if isinstance(event, Piece) and not killed:
                killed = kill(runtime, "chat")
    return killed


async def embed_and_kill(runtime: ModelRuntime) -> float:
    """Kill the embedding model while it embeds texts. The texts are still embedded."""
    texts = [f"{random.random()} a lamp in the night {number}" for number in range(64)]
    embedding = asyncio.create_task(runtime.embed(MINILM, texts, fresh=True))
    while not runtime.residency.users_of(MINILM):  # noqa: ASYNC110 - the request starts in the next turns of this loop
        await asyncio.sleep(0)
    killed = kill(runtime, MINILM)
    vectors, _ = await embedding
    assert len(texts) == len(vectors)
    return killed


async def ask_chat(runtime: ModelRuntime) -> None:
    text, _ = await answer(runtime, "chat", "Hello", max_tokens=1)
    assert text


async def ask_embedding(runtime: ModelRuntime) -> None:
    vectors, _ = await runtime.embed(MINILM, ["a river"], fresh=True)
    assert vectors


@pytest.mark.parametrize(
    ("use_and_kill", "ask"), [(generate_and_kill, ask_chat), (embed_and_kill, ask_embedding)], ids=["chat", "embedding"]
)
def test_the_next_answer_comes_soon_after_a_kill(
    folder: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
    use_and_kill: Callable[[ModelRuntime], Awaitable[float]],
    ask: Callable[[ModelRuntime], Awaitable[None]],
) -> None:
    rounds = SOAK_ROUNDS if request.config.getoption("--soak") else ROUNDS

    async def scene() -> list[float]:
        async with running_runtime(folder) as runtime:
            await ask(runtime)
            took = []
            for _ in range(rounds):
                killed = await use_and_kill(runtime)
                await ask(runtime)
                took.append(time.monotonic() - killed)
            return took

    took = asyncio.run(scene())
    record_property("recovery_median_s", round(statistics.median(took), 2))
    record_property("recovery_longest_s", round(max(took), 2))
    print(f"recovery: median {statistics.median(took):.2f} s, longest {max(took):.2f} s, {rounds} rounds")

    assert max(took) < LONGEST_S
