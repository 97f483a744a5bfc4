"""The part of a machine's memory that models may use, according to the settings."""

from collections.abc import Mapping, Sequence

from models.memory.plan import Budget, Need
from models.probe.devices import Gpu, MachineResources
from models.settings import RuntimeSettings

MIB = 2**20


def usable_gpus(machine: MachineResources) -> list[Gpu]:
    """Return the usable GPUs. With MIG, return only the largest instance, because CUDA shows a process at most one instance."""
    gpus = [gpu for gpu in machine.gpu.gpus if not gpu.problem]
    if any(gpu.mig for gpu in gpus):
        return [max(gpus, key=lambda gpu: gpu.total)]
    return gpus


def budget_of(machine: MachineResources, settings: RuntimeSettings) -> Budget:
    """Return the budget of a machine in its current state."""
    gpus = {
        position: max(0, int(gpu.free * settings.gpu_share) - settings.gpu_reserve_mib * MIB)
        for position, gpu in enumerate(usable_gpus(machine))
    }
    return Budget(
        ram=int(machine.memory.available * settings.memory_share),
        gpus=gpus if settings.gpu_share else {},
        threads=machine.processor.cores,
    )


def adjusted_budget(budget: Budget, needs: Sequence[tuple[Need, int]]) -> Budget:
    """Return a budget with needs added (1, as after an eviction) or subtracted (-1). No part of it becomes negative."""
    ram = budget.ram + sum(sign * need.ram for need, sign in needs)
    gpus = {gpu: free + sum(sign * _on(need.gpus, gpu) for need, sign in needs) for gpu, free in budget.gpus.items()}
    return Budget(ram=max(0, ram), gpus={gpu: max(0, free) for gpu, free in gpus.items()}, threads=budget.threads)


def _on(gpus: Mapping[int, int], gpu: int) -> int:
    return gpus.get(gpu, 0)
