"""How much room a machine has for models, beside those that are loaded and those that are being loaded."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from models.catalogue.model import Model
from models.child.process import ChildProcess
from models.memory.budget import budget_of, changed, usable_gpus
from models.memory.plan import Budget, LoadPlan, Need, PlanOptions
from models.probe.devices import Gpu, MachineResources
from models.settings import RuntimeSettings

MIB = 2**20
# Backends whose weights are mapped from their file: the kernel counts them as available memory.
_MAPPED = frozenset({"llama_cpp", "ctransformers"})
_GPU_LIBRARIES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"llama-cpp-python": ("llama_cpp",), "torch": ("sentence_transformers", "cross_encoder")}
)

Probe = Callable[..., Awaitable[MachineResources]]


class Resident:
    """A loaded model. `taken_gpus` is what its loading took of each GPU."""

    def __init__(self, model: Model, plan: LoadPlan, child: ChildProcess, taken_gpus: Mapping[int, int]) -> None:
        self.model, self.plan, self.child, self.taken_gpus = model, plan, child, taken_gpus
        self.last_used = time.time()

    @property
    def need(self) -> Need:
        return self.plan.need


class Room:
    """The machine as it was when it was last looked at. GPUs are named by their place among those that can be used."""

    def __init__(self, settings: RuntimeSettings, probe: Probe) -> None:
        self._settings, self._probe = settings, probe
        self._last: MachineResources | None = None
        self._has_gpus = False

    @property
    def machine(self) -> MachineResources:
        """What was seen last; there has to have been a look."""
        if self._last is None:
            raise RuntimeError("The machine has not been looked at yet.")
        return self._last

    async def look(self) -> MachineResources:
        """The machine as it is now. What its libraries can use does not change, and is asked once."""
        known = self._last
        # Where there surely is no GPU, none will come; one that was seen may be lost and come back.
        machine = await self._probe(gpus=known is None or self._has_gpus or known.gpu.unsure)
        self._has_gpus = self._has_gpus or bool(machine.gpu.gpus)
        libraries = known.libraries if known else []
        if machine.gpu.gpus and not libraries:
            libraries = (await self._probe(libraries=True)).libraries
        self._last = msgspec.structs.replace(machine, libraries=libraries)
        return self._last

    def plan_options(self) -> PlanOptions:
        """The settings, and the libraries of the machine, as plans follow them."""
        able = [
            name for library in self.machine.libraries if library.gpu for name in _GPU_LIBRARIES.get(library.name, ())
        ]
        return PlanOptions(
            context=self._settings.context,
            cache_type=self._settings.cache_type,
            prefix_bytes=self._settings.prefix_mib * MIB,
            gpu_backends=tuple(able),
        )

    def budget(
        self,
        residents: Sequence[Resident] = (),
        promised: Sequence[Need] = (),
        *,
        without: Sequence[Resident] = (),
        gpu_share: float = 1.0,
    ) -> Budget:
        """What may be taken beside the residents and what loading models were promised, or would be without some."""
        mapped = [
            Need(ram=min(each.need.weights, each.need.ram), weights=0)
            for each in residents
            if each.model.backend in _MAPPED and each not in without
        ]
        changes = [*((need, -1) for need in (*promised, *mapped)), *((_given_back(each), 1) for each in without)]
        budget = changed(budget_of(self.machine, self._settings), changes)
        return msgspec.structs.replace(budget, gpus={gpu: int(free * gpu_share) for gpu, free in budget.gpus.items()})

    def free_gpus(self) -> dict[int, int]:
        """Free bytes of each GPU."""
        return {position: gpu.free for position, gpu in enumerate(self._gpus())}

    async def taken_since(self, before: Mapping[int, int]) -> dict[int, int]:
        """Bytes of each GPU that were free before and are not now."""
        await self.look()
        return {gpu: max(0, before.get(gpu, 0) - free) for gpu, free in self.free_gpus().items()}

    def environment(self, plan: LoadPlan) -> dict[str, str]:
        """Shows a process the GPUs of its plan, in NVML's order, and no other."""
        gpus = self._gpus()
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpus[position].uuid for position in plan.gpu_indices)}

    def _gpus(self) -> list[Gpu]:
        return usable_gpus(self._last) if self._last else []


def _given_back(resident: Resident) -> Need:
    """What the machine has more of when a model is gone: mapped weights count as available all along."""
    need = resident.need
    ram = need.ram - need.weights if resident.model.backend in _MAPPED else need.ram
    return Need(ram=ram, gpus=need.gpus, weights=0)
