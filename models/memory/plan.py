"""The structs of a load plan. Sizes are in bytes."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from models.catalogue.model import Model

CPU = "cpu"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The memory that models may use: main memory, and the memory of each usable GPU by its index."""

    ram: int
    gpus: dict[int, int] = {}
    threads: int = 1


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """The memory that a plan needs. `ram` and `gpus` give it by location, the other fields give it by purpose."""

    ram: int
    gpus: dict[int, int] = {}
    weights: int
    kv_cache: int = 0
    compute: int = 0
    process: int = 0

    def fits(self, budget: Budget) -> bool:
        return self.ram <= budget.ram and all(used <= budget.gpus.get(gpu, 0) for gpu, used in self.gpus.items())


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a model is loaded, and why.

    The GPU `gpu_indices[i]` has `gpu_layers[i]` of the model's `layers`. The output counts as a layer. `prefix_bytes` is
    the memory for states of earlier conversations.
    """

    model: str
    device: str
    need: Need
    budget: Budget
    reasons: list[str]
    context: int = 0
    cache_type: str = "f16"
    layers: int = 0
    gpu_indices: tuple[int, ...] = ()
    gpu_layers: tuple[int, ...] = ()
    threads: int = 1
    prefix_bytes: int = 0


class PlacedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is loaded or being loaded, with its plan."""

    model: Model
    plan: LoadPlan


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for a plan. `gpu_backends` are the backends whose library can use a GPU of this machine."""

    context: int = 8192
    cache_type: str = "f16"
    prefix_bytes: int = 0
    gpu_backends: tuple[str, ...] = ()


# Bytes per number of the KV cache. q8_0 stores 32 numbers and a scale in 34 bytes.
CACHE_BYTES: Mapping[str, float] = MappingProxyType({"f16": 2.0, "q8_0": 34 / 32})


def format_size(size: int) -> str:
    """Return a size as text for people, with its unit."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}" if unit == 2**30 else f"{size / unit:,.0f} {name}"
    return f"{size / 2**10:,.0f} KiB"
