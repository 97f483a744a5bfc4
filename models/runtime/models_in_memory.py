"""The models in memory: the loaded models, the models that are being loaded, and how many requests use them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping

import structlog

from models.catalogue.model import Model
from models.child.process import ChildProcess
from models.memory.eviction import ModelUse
from models.memory.plan import LoadPlan, PlacedModel

_log = structlog.get_logger()


class LoadedModel:
    """A loaded model. `gpu_bytes` is its measured memory per GPU; `last_used` is in seconds since 1970."""

    def __init__(self, placed: PlacedModel, child: ChildProcess, gpu_bytes: Mapping[int, int]) -> None:
        self.placed, self.child, self.gpu_bytes = placed, child, gpu_bytes
        self.last_used = time.time()

    @property
    def model(self) -> Model:
        return self.placed.model

    @property
    def plan(self) -> LoadPlan:
        return self.placed.plan


class ModelsInMemory:
    """The models of one runtime by name. Memory is reserved for the models in `loading`.

    `users` has, for each model, the number of requests that use the model or wait until it is loaded.
    """

    def __init__(self) -> None:
        self.loaded: dict[str, LoadedModel] = {}
        self.loading: dict[str, PlacedModel] = {}
        self.users: Counter[str] = Counter()
        self._next_change = asyncio.Event()

    def placed(self) -> list[PlacedModel]:
        """Return the loaded models with their plans."""
        return [loaded.placed for loaded in self.loaded.values()]

    def uses(self, is_pinned: Callable[[Model], bool]) -> list[ModelUse]:
        """Return the loaded models with their use, for the eviction policy."""
        return [
            ModelUse(
                placed=loaded.placed,
                last_used=loaded.last_used,
                in_use=bool(self.users[name]),
                pinned=is_pinned(loaded.model),
            )
            for name, loaded in self.loaded.items()
        ]

    def device_of(self, name: str) -> str | None:
        """Return the device that a model is loaded on, or is being loaded on."""
        if loaded := self.loaded.get(name):
            return loaded.plan.device
        loading = self.loading.get(name)
        return loading.plan.device if loading else None

    async def unload(self, name: str) -> bool:
        """Stop the process of a loaded model, even if it is in use. Returns False if the model is not loaded."""
        loaded = self.loaded.pop(name, None)
        if loaded is None:
            return False
        await loaded.child.end()
        _log.info("unloaded", model=name)
        self.notify()
        return True

    def next_change(self) -> asyncio.Event:
        """Return an event that is set at the next change. Call this before reading the state, so that no change is missed."""
        return self._next_change

    def notify(self) -> None:
        """Wake all tasks that wait for a change."""
        self._next_change.set()
        self._next_change = asyncio.Event()
