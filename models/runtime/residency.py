"""Keep models in memory: load them for requests, evict them for other models, unload them when idle."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any

import structlog

from models.backends import BACKENDS
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model
from models.child.frames import Loaded
from models.child.process import ChildProcess
from models.errors import ModelError
from models.memory.machine_state import MachineState, Probe
from models.memory.plan import LoadPlan
from models.probe.probe import probe_machine
from models.runtime.idle_unloading import IdleUnloader
from models.runtime.loading import ModelLoader
from models.runtime.metrics import Metrics
from models.runtime.models_in_memory import LoadedModel, ModelsInMemory
from models.runtime.preloading import PreloadPolicy, load_with_retries
from models.runtime.reservation import MemoryReservations
from models.runtime.shared_tasks import SharedTasks
from models.settings import RuntimeSettings

MIB = 2**20

_log = structlog.get_logger()


class Residency:
    """The models in memory of one runtime."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: RuntimeSettings,
        *,
        probe: Probe = probe_machine,
        backends: Mapping[str, str] = BACKENDS,
        metrics: Metrics,
    ) -> None:
        self._catalogue, self._metrics = catalogue, metrics
        self._preloads = PreloadPolicy(catalogue, settings)
        self._in_memory = ModelsInMemory()
        machine = MachineState(settings, probe)
        self._reservations = MemoryReservations(settings, machine, self._in_memory, self._preloads.is_pinned)
        self._loader = ModelLoader(catalogue, settings, machine, self._reservations, backends)
        self._idle_unloader = IdleUnloader(settings, self._in_memory, self._preloads.is_pinned)
        self._loads: SharedTasks[str, LoadedModel] = SharedTasks()
        self._plans: SharedTasks[tuple[str, str], LoadPlan] = SharedTasks()
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False

    def loaded_models(self) -> list[LoadedModel]:
        """Return every loaded model."""
        return list(self._in_memory.loaded.values())

    def is_loading(self, name: str) -> bool:
        return name in self._loads

    def is_loaded(self, model: Model) -> bool:
        """Return whether a model with these weights is loaded, and the model's process is alive."""
        loaded = self._in_memory.loaded.get(model.id)
        return bool(loaded and loaded.child.alive and loaded.model.sha256 == model.sha256)

    def properties_of(self, model: Model) -> Loaded | None:
        """Return the properties that a loaded model's process reported; None if the model is not loaded."""
        loaded = self._in_memory.loaded.get(model.id)
        return loaded.child.loaded if loaded else None

    def users_of(self, name: str) -> int:
        """Return the number of requests that use a model or wait until it is loaded."""
        return self._in_memory.users[name]

    def device_of(self, model: Model) -> str | None:
        """Return the device that a model is loaded on, or is being loaded on."""
        return self._in_memory.device_of(model.id)

    def is_pinned(self, model: Model) -> bool:
        """Return whether a model is pinned, by a person or by the settings."""
        return self._preloads.is_pinned(model)

    def start(self) -> None:
        """Start to load the pinned models and the models of the settings. Also start to unload idle models."""
        self._run_in_background(self._idle_unloader.run())
        for name in self._preloads.names_at_start():
            with contextlib.suppress(ModelError):
                self._run_in_background(load_with_retries(self._catalogue.find(name), self.load))

    @contextlib.asynccontextmanager
    async def use(self, model: Model) -> AsyncGenerator[ChildProcess, None]:
        """Yield a model's process. Loads the model if necessary. A model in use is not evicted. Raises ModelError."""
        # The use is counted before the model is loaded, so that the model is not evicted between loading and use.
        self._in_memory.users[model.id] += 1
        try:
            yield (await self.load(model)).child
        finally:
            self._in_memory.users[model.id] -= 1
            if loaded := self._in_memory.loaded.get(model.id):
                loaded.last_used = time.time()
            if not self._in_memory.users[model.id]:
                self._in_memory.notify()

    async def load(self, model: Model) -> LoadedModel:
        """Load a model if it is not loaded. Raises ModelError."""
        loaded = self._in_memory.loaded.get(model.id)
        if loaded and loaded.model.sha256 != model.sha256:
            await self.unload(model.id)
            loaded = None
        if loaded and loaded.child.alive:
            return loaded
        return await self._loads.result(
            model.id,
            lambda: self._load(model),
            if_cancelled=f"{model.id} was unloaded while it was being loaded.",
        )

    async def unload(self, name: str) -> bool:
        """Stop a model's process, even if it is in use, or cancel the loading of the model.

        Returns False if the model is neither loaded nor being loaded.
        """
        return await self._loads.cancel(name) or await self._in_memory.unload(name)

    async def plan(self, model: Model) -> LoadPlan:
        """Return the plan that a model would get if all models without a pin were evicted.

        Raises DoesNotFit, ModelFileRefused; ModelUnavailable if the runtime stops before the plan is ready. A probe of
        the machine starts a process, so simultaneous requests for one model share one probe.
        """
        return await self._plans.result(
            (model.id, model.sha256), lambda: self._plan(model), if_cancelled="The model runtime is being stopped."
        )

    def set_pinned(self, name: str, *, pinned: bool) -> None:
        """Pin or unpin a model. Raises ModelUnknown."""
        self._catalogue.set_pinned(name, pinned=pinned)
        self._in_memory.notify()

    async def close(self) -> None:
        """Stop every child process."""
        self._closed = True
        background = list(self._background)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, self._loads.cancel_all(), self._plans.cancel_all(), return_exceptions=True)
        await asyncio.gather(*(self._in_memory.unload(name) for name in list(self._in_memory.loaded)))

    async def _plan(self, model: Model) -> LoadPlan:
        return await self._reservations.plan(model, await self._catalogue.facts_of(model))

    async def _load(self, model: Model) -> LoadedModel:
        loaded = await self._loader.load(model)
        loaded.child.on_death = lambda: self._on_death(loaded)
        self._in_memory.loaded[model.id] = loaded
        self._in_memory.notify()
        properties = loaded.child.loaded
        _log.info(
            "loaded",
            model=model.id,
            load_s=round(properties.load_s, 2),
            used_mib=properties.used_bytes // MIB,
        )
        return loaded

    def _on_death(self, loaded: LoadedModel) -> None:
        model = loaded.model
        if self._in_memory.loaded.get(model.id) is not loaded:
            return
        del self._in_memory.loaded[model.id]
        self._metrics.crashes.inc()
        _log.error("model's process died", model=model.id, pid=loaded.child.pid)
        self._in_memory.notify()
        if not self._closed and self.is_pinned(model):
            self._run_in_background(load_with_retries(model, self.load))

    def _run_in_background(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
