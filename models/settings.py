"""The runtime's settings, each with its default and a sentence. They are read from `runtime.toml` of the models folder.

[chat]
strategy = "eager"
idle_unload_s = 0
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from models.catalogue.model import ModelRole
from models.errors import RequestInvalid
from models.files import open_regular

FILE = "runtime.toml"


class Strategy(StrEnum):
    """When a role's model is loaded: at its first request, at start, or at start and never evicted."""

    LAZY = "lazy"
    EAGER = "eager"
    PINNED = "pinned"


class RoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the models of one role are kept in memory."""

    strategy: Annotated[
        Strategy,
        Meta(description="`lazy` loads at the first request, `eager` at start, `pinned` at start and for good."),
    ] = Strategy.LAZY
    model: Annotated[
        str, Meta(description="Which model `eager` and `pinned` load; empty for the newest of the role.")
    ] = ""
    idle_unload_s: Annotated[
        float, Meta(ge=0, description="Seconds without a request after which a model is unloaded; 0 keeps it.")
    ] = 900
    max_loaded: Annotated[int, Meta(ge=1, description="Models of the role that may be loaded at once.")] = 2


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one runtime."""

    chat: RoleSettings = RoleSettings(max_loaded=1)
    embed: RoleSettings = RoleSettings()
    rerank: RoleSettings = RoleSettings()
    context: Annotated[
        int,
        Meta(ge=256, description="Tokens of context a chat model is loaded with, where it was trained for as many."),
    ] = 8192
    cache_type: Annotated[
        Literal["f16", "q8_0"], Meta(description="Type of the KV cache; `q8_0` needs about half the memory of `f16`.")
    ] = "f16"
    writing_threads: Annotated[
        int,
        Meta(ge=0, description="Threads with which a chat model writes; 0 for as many as were measured to be best."),
    ] = 0
    memory_share: Annotated[float, Meta(gt=0, le=1, description="Share of the free memory that models may take.")] = 0.8
    gpu_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of a GPU's free memory that models may take; 0 leaves GPUs alone.")
    ] = 0.9
    gpu_reserve_mib: Annotated[int, Meta(ge=0, description="MiB of each GPU's memory left to its driver.")] = 457
    prefix_mib: Annotated[
        int, Meta(ge=0, description="MiB for the states of earlier conversations, so that they go on at once.")
    ] = 256
    embedding_cache_mib: Annotated[
        int,
        Meta(ge=4, description="MiB on disk for vectors of searches, so that the same words are not embedded again."),
    ] = 32
    queue_capacity: Annotated[
        int,
        Meta(
            ge=1,
            description="Questions that may wait for a device, and apart from them texts to embed or rerank; more get "
            "503. One person may hold an eighth of the places that are still free, and one in any case.",
        ),
    ] = 128
    pass_tokens: Annotated[
        int, Meta(ge=1, description="Tokens of different requests that are embedded in one pass.")
    ] = 4096
    load_timeout_s: Annotated[float, Meta(gt=0, description="Seconds that loading a model may take.")] = 600
    hang_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds without a sign of life after which a model's process is ended.")
    ] = 120
    child_memory_mib: Annotated[
        int, Meta(ge=0, description="MiB a model's process may take; 0 for what its plan says and a margin.")
    ] = 0

    def role(self, role: ModelRole) -> RoleSettings:
        """The settings of a role."""
        settings: RoleSettings = getattr(self, role.value)
        return settings


def load_settings(folder: Path) -> RuntimeSettings:
    """The settings of a models folder. Raises RequestInvalid, naming the file and what is wrong in it."""
    path = folder / FILE
    if not path.exists():
        return RuntimeSettings()
    try:
        with open_regular(path) as opened:
            return msgspec.convert(tomllib.load(opened), RuntimeSettings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RequestInvalid(f"{path} cannot be used: {error}. Correct or remove it.") from error
