"""A model runtime inside the process of the test. Its models run in real child processes."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from models.backends import BACKENDS
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model, ModelRole
from models.child.frames import Generate, GenerationFinished, Piece
from models.formats.facts import Facts
from models.generation.sampling import Sampling
from models.messages import ChatMessage
from models.runtime.model_runtime import ModelRuntime
from models.settings import RuntimeSettings

WITH_MISBEHAVING = {**BACKENDS, "misbehaving": "fakes.misbehaving:MisbehavingBackend"}


@contextlib.asynccontextmanager
async def running_runtime(
    folder: Path, settings: RuntimeSettings | None = None, **options: Any
) -> AsyncIterator[ModelRuntime]:
    """Start a runtime on a models folder. The runtime is closed when the block ends."""
    runtime = ModelRuntime(Catalogue(folder), settings or RuntimeSettings(), **options)
    runtime.start()
    try:
        yield runtime
    finally:
        await runtime.close()


def add_misbehaving(folder: Path, *, name: str = "misbehaving", role: ModelRole = ModelRole.CHAT) -> str:
    """Add a model to the registry of a models folder. The model's backend does what a prompt says."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"weights")
    model = Model(
        id=name,
        role=role,
        backend="misbehaving",
        path=str(path),
        size=7,
        sha256=name,
        licence="",
        source="",
        added_at=1,
        facts=Facts(role=role.value, backend="misbehaving", weights=7),
    )
    registry = folder / "registry.json"
    added_models = msgspec.json.decode(registry.read_bytes()) if registry.exists() else []
    registry.write_bytes(msgspec.json.encode([*added_models, model]))
    return name


def chat_request(text: str, **sampling: Any) -> Generate:
    """Return a request with one question."""
    return Generate(
        id=0,
        messages=[ChatMessage(role="user", content=text)],
        sampling=Sampling(**{"max_tokens": 8, "temperature": 0, **sampling}),
    )


async def answer(
    runtime: ModelRuntime, model: str, text: str, *, user: str = "", **sampling: Any
) -> tuple[str, GenerationFinished]:
    """Return the text of a model's answer to a question, and how the generation finished."""
    pieces, finished = [], None
    async for event in runtime.generate(model, chat_request(text, **sampling), user=user):
        if isinstance(event, Piece):
            pieces.append(event.text)
        if isinstance(event, GenerationFinished):
            finished = event
    assert finished is not None
    return "".join(pieces), finished
