"""The state of the machine at the last probe, and the memory that models may use."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from models.memory.budget import adjusted_budget, budget_of, usable_gpus
from models.memory.plan import Budget, LoadPlan, Need, PlacedModel, PlanOptions
from models.probe.devices import Gpu, MachineResources
from models.settings import RuntimeSettings

MIB = 2**20
# Backends that map the weights from the model's file. The kernel counts mapped files as available memory.
_MAPPED = frozenset({"llama_cpp", "ctransformers"})
_GPU_LIBRARIES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"llama-cpp-python": ("llama_cpp",), "torch": ("sentence_transformers", "cross_encoder")}
)

Probe = Callable[..., Awaitable[MachineResources]]


class MachineState:
    """The result of the last probe of the machine. A GPU's index is its position among the usable GPUs."""

    def __init__(self, settings: RuntimeSettings, probe: Probe) -> None:
        self._settings, self._probe = settings, probe
        self._last: MachineResources | None = None
        self._has_gpus = False

    @property
    def resources(self) -> MachineResources:
        """The result of the last probe. Raises RuntimeError before the first `refresh`."""
        if self._last is None:
            raise RuntimeError("The machine has not been probed yet.")
        return self._last

    async def refresh(self) -> None:
        """Probe the machine again. The libraries are probed only once, because they do not change."""
        previous = self._last
        # If the first probe showed that there is no GPU, none will appear later. A GPU that was once found may be lost and
        # may come back, so GPUs are probed again.
        machine = await self._probe(gpus=previous is None or self._has_gpus or previous.gpu.unsure)
        self._has_gpus = self._has_gpus or bool(machine.gpu.gpus)
        libraries = previous.libraries if previous else []
        if machine.gpu.gpus and not libraries:
            libraries = (await self._probe(libraries=True)).libraries
        self._last = msgspec.structs.replace(machine, libraries=libraries)

    def plan_options(self) -> PlanOptions:
        """Return the settings for plans. They include the backends whose library can use a GPU of this machine."""
        gpu_backends = [
            backend
            for library in self.resources.libraries
            if library.gpu
            for backend in _GPU_LIBRARIES.get(library.name, ())
        ]
        return PlanOptions(
            context=self._settings.context,
            cache_type=self._settings.cache_type,
            prefix_bytes=self._settings.prefix_cache_mib * MIB,
            gpu_backends=tuple(gpu_backends),
        )

    def budget(
        self,
        *,
        loaded: Sequence[PlacedModel] = (),
        loading: Sequence[PlacedModel] = (),
        without: Sequence[PlacedModel] = (),
        gpu_share: float = 1.0,
    ) -> Budget:
        """Return the memory that another model may use, in addition to the models `loaded` or `loading`.

        The models in `without` count as evicted. `gpu_share` is the share of the GPUs' budget that may be used.
        """
        evicted = {placed.model.id for placed in without}
        mapped = [
            Need(ram=min(placed.plan.need.weights, placed.plan.need.ram), weights=0)
            for placed in loaded
            if placed.model.backend in _MAPPED and placed.model.id not in evicted
        ]
        used = [*(placed.plan.need for placed in loading), *mapped]
        budget = adjusted_budget(
            budget_of(self.resources, self._settings),
            [*((need, -1) for need in used), *((_freed_by(placed), 1) for placed in without)],
        )
        return msgspec.structs.replace(budget, gpus={gpu: int(free * gpu_share) for gpu, free in budget.gpus.items()})

    def free_gpu_bytes(self) -> dict[int, int]:
        """Return the free bytes per GPU."""
        return {index: gpu.free for index, gpu in enumerate(self._gpus())}

    async def gpu_bytes_taken_since(self, before: Mapping[int, int]) -> dict[int, int]:
        """Probe the machine. Return, per GPU, the bytes that were free in `before` and are used at present."""
        await self.refresh()
        return {gpu: max(0, before.get(gpu, 0) - free) for gpu, free in self.free_gpu_bytes().items()}

    def gpu_environment(self, plan: LoadPlan) -> dict[str, str]:
        """Return environment variables that make only a plan's GPUs visible to the model's process, in NVML's order."""
        gpus = self._gpus()
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpus[index].uuid for index in plan.gpu_indices)}

    def _gpus(self) -> list[Gpu]:
        return usable_gpus(self._last) if self._last else []


def _freed_by(evicted: PlacedModel) -> Need:
    """Return the memory that an eviction frees, without mapped weights, which always count as available."""
    need = evicted.plan.need
    ram = need.ram - need.weights if evicted.model.backend in _MAPPED else need.ram
    return Need(ram=ram, gpus=need.gpus, weights=0)
