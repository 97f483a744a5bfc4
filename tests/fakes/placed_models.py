"""Made-up models that have load plans, and processes that do nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from models.catalogue.model import Model, ModelRole
from models.child.frames import Loaded
from models.memory.plan import Budget, LoadPlan, Need, PlacedModel

MIB = 2**20


def made_up_model(name: str, *, role: ModelRole = ModelRole.CHAT, backend: str = "llama_cpp") -> Model:
    return Model(id=name, role=role, backend=backend, path="", size=0, sha256=name, licence="", source="", added_at=1)


def made_up_plan(
    name: str, *, ram: int = 0, weights: int = 0, gpus: Mapping[int, int] | None = None, layers: int = 0
) -> LoadPlan:
    """Return a plan that needs `ram` bytes. On each GPU in `gpus` it needs the given bytes, and has `layers` layers."""
    on_gpus = dict(gpus or {})
    return LoadPlan(
        model=name,
        device="+".join(f"gpu{gpu}" for gpu in on_gpus) or "cpu",
        need=Need(ram=ram, gpus=on_gpus, weights=weights),
        budget=Budget(ram=0),
        reasons=[],
        context=8192,
        gpu_indices=tuple(on_gpus),
        gpu_layers=tuple(layers for _ in on_gpus),
    )


def placed_model(
    name: str, *, role: ModelRole = ModelRole.CHAT, backend: str = "llama_cpp", **plan: Any
) -> PlacedModel:
    return PlacedModel(model=made_up_model(name, role=role, backend=backend), plan=made_up_plan(name, **plan))


class IdleChild:
    """Replaces a model's process. `end` has the same effect as the death of a process."""

    pid = 1

    def __init__(self) -> None:
        self.loaded = Loaded(7, 0.1)
        self.alive = True
        self.on_death: Callable[[], None] = lambda: None

    async def end(self) -> None:
        self.alive = False
        self.on_death()
