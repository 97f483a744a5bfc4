"""The settings of the runtime, with defaults and descriptions. They are read from `runtime.toml` in the models folder.

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
RENAMED = {"prefix_mib": "prefix_cache_mib", "writing_threads": "generation_threads"}


class Strategy(StrEnum):
    """When the model of a role is loaded: at the first request, at start, or at start and then never evicted."""

    LAZY = "lazy"
    EAGER = "eager"
    PINNED = "pinned"


class RoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the models of one role stay in memory, and how many of them."""

    strategy: Annotated[
        Strategy,
        Meta(
            description="`lazy` loads a model at its first request, `eager` at start, `pinned` at start without "
            "unloading it later."
        ),
    ] = Strategy.LAZY
    model: Annotated[
        str,
        Meta(
            description="The model that the strategies `eager` and `pinned` load. If it is empty, they load the "
            "newest model of the role."
        ),
    ] = ""
    idle_unload_s: Annotated[
        float, Meta(ge=0, description="Seconds without a request before a model is unloaded; 0 keeps it loaded.")
    ] = 900
    max_loaded: Annotated[
        int, Meta(ge=1, description="Maximum number of models of the role that are loaded at the same time.")
    ] = 2


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one runtime."""

    chat: RoleSettings = RoleSettings(max_loaded=1)
    embed: RoleSettings = RoleSettings()
    rerank: RoleSettings = RoleSettings()
    context: Annotated[
        int,
        Meta(ge=256, description="Context of a chat model in tokens, at most the context that it was trained for."),
    ] = 8192
    cache_type: Annotated[
        Literal["f16", "q8_0"], Meta(description="Type of the KV cache; `q8_0` needs about half the memory of `f16`.")
    ] = "f16"
    generation_threads: Annotated[
        int,
        Meta(ge=0, description="Threads that a chat model generates with. With 0, the best number is measured."),
    ] = 0
    memory_share: Annotated[float, Meta(gt=0, le=1, description="Share of the free memory that models may use.")] = 0.8
    gpu_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of a GPU's free memory that models may use. With 0, no GPU is used.")
    ] = 0.9
    gpu_reserve_mib: Annotated[
        int, Meta(ge=0, description="MiB of each GPU's memory that are reserved for its driver.")
    ] = 457
    prefix_cache_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="MiB of memory for states of earlier conversations, so that these continue without delay.",
        ),
    ] = 256
    embedding_cache_mib: Annotated[
        int,
        Meta(ge=4, description="MiB on disk for vectors of search queries. A stored vector is not computed again."),
    ] = 32
    queue_capacity: Annotated[
        int,
        Meta(
            ge=1,
            description="Questions that may wait for a device. The same number of embedding and ranking requests may also "
            "wait. Further requests get status 503. One user may always take one place, and up to an eighth of the free "
            "places.",
        ),
    ] = 128
    pass_tokens: Annotated[
        int, Meta(ge=1, description="Maximum number of tokens in one embedding pass, which may serve several requests.")
    ] = 4096
    load_timeout_s: Annotated[float, Meta(gt=0, description="Seconds that loading a model may take.")] = 600
    hang_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            description="If a model's process gives no sign of life for this many seconds, the process is stopped.",
        ),
    ] = 120
    child_memory_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="MiB of memory that a model's process may use; 0 allows what its plan needs, and a margin.",
        ),
    ] = 0

    def role(self, role: ModelRole) -> RoleSettings:
        """Return the settings of a role."""
        settings: RoleSettings = getattr(self, role.value)
        return settings


def load_settings(folder: Path) -> RuntimeSettings:
    """Return the settings of a models folder. Raises RequestInvalid with the path of the file and the error in the file."""
    path = folder / FILE
    if not path.exists():
        return RuntimeSettings()
    try:
        with open_regular(path) as opened:
            values = tomllib.load(opened)
        for old_name, name in RENAMED.items():
            if old_name in values:
                raise RequestInvalid(f"The setting `{old_name}` in {path} is now called `{name}`. Rename it there.")
        return msgspec.convert(values, RuntimeSettings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RequestInvalid(f"{path} cannot be used: {error}. Correct or remove it.") from error
