"""The machine as it was last probed, and the memory that models may take of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from models.memory.budget import budget_of, changed, usable_gpus
from models.memory.plan import Budget, LoadPlan, Need, PlacedModel, PlanOptions
from models.probe.devices import Gpu, MachineResources
from models.settings import RuntimeSettings

MIB = 2**20
# Backends whose weights are mapped from their file: the kernel counts them as available memory.
_MAPPED = frozenset({"llama_cpp", "ctransformers"})
_GPU_LIBRARIES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"llama-cpp-python": ("llama_cpp",), "torch": ("sentence_transformers", "cross_encoder")}
)

Probe = Callable[..., Awaitable[MachineResources]]


class MachineState:
    """The last probe of the machine. GPUs are named by their index among those that can be used."""

    def __init__(self, settings: RuntimeSettings, probe: Probe) -> None:
        self._settings, self._probe = settings, probe
        self._last: MachineResources | None = None
        self._has_gpus = False

    @property
    def resources(self) -> MachineResources:
        """The last probe. Raises RuntimeError before the first `refresh`."""
        if self._last is None:
            raise RuntimeError("The machine has not been probed yet.")
        return self._last

    async def refresh(self) -> None:
        """Probe the machine again. What its libraries can use does not change, and is asked once."""
        before = self._last
        # Where there surely is no GPU, none will come; one that was seen may be lost and come back.
        machine = await self._probe(gpus=before is None or self._has_gpus or before.gpu.unsure)
        self._has_gpus = self._has_gpus or bool(machine.gpu.gpus)
        libraries = before.libraries if before else []
        if machine.gpu.gpus and not libraries:
            libraries = (await self._probe(libraries=True)).libraries
        self._last = msgspec.structs.replace(machine, libraries=libraries)

    def plan_options(self) -> PlanOptions:
        """The settings that plans follow, and the backends whose library can use a GPU of this machine."""
        gpu_backends = [
            backend
            for library in self.resources.libraries
            if library.gpu
            for backend in _GPU_LIBRARIES.get(library.name, ())
        ]
        return PlanOptions(
            context=self._settings.context,
            cache_type=self._settings.cache_type,
            prefix_bytes=self._settings.prefix_mib * MIB,
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
        """The memory that another model may take beside those that are loaded or being loaded.

        It is counted as if the loaded models of `without` were evicted. `gpu_share` is the share of the GPUs' budget.
        """
        evicted = {placed.model.id for placed in without}
        mapped = [
            Need(ram=min(placed.plan.need.weights, placed.plan.need.ram), weights=0)
            for placed in loaded
            if placed.model.backend in _MAPPED and placed.model.id not in evicted
        ]
        taken = [*(placed.plan.need for placed in loading), *mapped]
        budget = changed(
            budget_of(self.resources, self._settings),
            [*((need, -1) for need in taken), *((_returned_by(placed), 1) for placed in without)],
        )
        return msgspec.structs.replace(budget, gpus={gpu: int(free * gpu_share) for gpu, free in budget.gpus.items()})

    def free_gpu_bytes(self) -> dict[int, int]:
        """Free bytes per GPU."""
        return {index: gpu.free for index, gpu in enumerate(self._gpus())}

    async def gpu_bytes_taken_since(self, before: Mapping[int, int]) -> dict[int, int]:
        """Bytes per GPU that were free before and are not any more; the machine is probed for it."""
        await self.refresh()
        return {gpu: max(0, before.get(gpu, 0) - free) for gpu, free in self.free_gpu_bytes().items()}

    def gpu_environment(self, plan: LoadPlan) -> dict[str, str]:
        """Variables that show a process the GPUs of its plan, in NVML's order, and no other."""
        gpus = self._gpus()
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpus[index].uuid for index in plan.gpu_indices)}

    def _gpus(self) -> list[Gpu]:
        return usable_gpus(self._last) if self._last else []


def _returned_by(evicted: PlacedModel) -> Need:
    """What the machine has more of after an eviction: mapped weights count as available all along."""
    need = evicted.plan.need
    ram = need.ram - need.weights if evicted.model.backend in _MAPPED else need.ram
    return Need(ram=ram, gpus=need.gpus, weights=0)
