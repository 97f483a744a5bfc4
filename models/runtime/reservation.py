"""Reserve memory for loading a model, and evict other models for it."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from models.catalogue.model import Model
from models.errors import DoesNotFit
from models.formats.facts import Facts
from models.memory.eviction import EvictFirst, LoadNow, WaitForUse, next_step
from models.memory.machine_state import MachineState
from models.memory.plan import LoadPlan, PlacedModel
from models.memory.planner import choose_plan
from models.runtime.models_in_memory import ModelsInMemory
from models.settings import RuntimeSettings

# A driver frees a process's memory only some time after the process has ended. An eviction is complete when this share of
# the memory is free. The free memory is checked every `FREE_POLL_S` seconds, at most `FREE_POLLS` times.
FREED_SHARE, FREE_POLL_S, FREE_POLLS = 0.75, 0.25, 20

_log = structlog.get_logger()


class MemoryReservations:
    """Reserves memory of one machine, one model at a time."""

    def __init__(
        self,
        settings: RuntimeSettings,
        machine: MachineState,
        in_memory: ModelsInMemory,
        is_pinned: Callable[[Model], bool],
    ) -> None:
        self._settings, self._machine, self._in_memory, self._is_pinned = settings, machine, in_memory, is_pinned
        self._deciding = asyncio.Lock()

    async def plan(self, model: Model, facts: Facts) -> LoadPlan:
        """Return the plan that a model would get if all models without a pin were evicted. Raises DoesNotFit."""
        await self._machine.refresh()
        evicted = [
            placed
            for placed in self._in_memory.placed()
            if placed.model.id == model.id or not self._is_pinned(placed.model)
        ]
        plan = self._plan_without(model, facts, evicted, gpu_share=1.0)
        if isinstance(plan, DoesNotFit):
            raise plan
        return plan

    async def reserve(self, model: Model, facts: Facts, *, gpu_share: float) -> LoadPlan:
        """Reserve memory for a model until `release`, and return the plan. Waits while other models use the memory.

        `gpu_share` is the share of the GPUs' budget that the plan may use. Raises DoesNotFit, ModelUnavailable.
        """
        while True:
            change = self._in_memory.next_change()
            async with self._deciding:
                step = await self._evict_for(model, facts, gpu_share)
                if isinstance(step, LoadNow):
                    self._in_memory.loading[model.id] = PlacedModel(model=model, plan=step.plan)
                    return step.plan
            # Wait without the lock, so that other models can be loaded. The wait may last until an answer is complete.
            await change.wait()

    def release(self, model: Model) -> None:
        """End a reservation, because the model is loaded or could not be loaded."""
        self._in_memory.loading.pop(model.id, None)
        self._in_memory.notify()

    async def _evict_for(self, model: Model, facts: Facts, gpu_share: float) -> LoadNow | WaitForUse:
        """Evict models until `model` can be loaded or must wait."""
        while True:
            await self._machine.refresh()
            step = next_step(
                model,
                loaded=self._in_memory.uses(self._is_pinned),
                loading=list(self._in_memory.loading.values()),
                max_loaded=self._settings.role(model.role).max_loaded,
                plan_without=lambda evicted: self._plan_without(model, facts, evicted, gpu_share),
            )
            if not isinstance(step, EvictFirst):
                return step
            await self._evict(step.placed)

    def _plan_without(
        self, model: Model, facts: Facts, evicted: Sequence[PlacedModel], gpu_share: float
    ) -> LoadPlan | DoesNotFit:
        budget = self._machine.budget(
            loaded=self._in_memory.placed(),
            loading=list(self._in_memory.loading.values()),
            without=evicted,
            gpu_share=gpu_share,
        )
        try:
            return choose_plan(model.id, facts, budget, self._machine.plan_options())
        except DoesNotFit as refusal:
            return refusal

    async def _evict(self, placed: PlacedModel) -> None:
        """Unload a model, and wait for a limited time until the driver has freed its GPU memory."""
        _log.info("evicting", model=placed.model.id)
        free_before = self._machine.free_gpu_bytes()
        await self._in_memory.unload(placed.model.id)
        for _ in range(FREE_POLLS if placed.plan.gpu_indices else 0):
            await self._machine.refresh()
            free = self._machine.free_gpu_bytes()
            if all(
                free.get(gpu, 0) - free_before.get(gpu, 0) >= FREED_SHARE * used
                for gpu, used in placed.plan.need.gpus.items()
            ):
                return
            await asyncio.sleep(FREE_POLL_S)
