"""The part of a machine's memory that models may use."""

from models.memory.budget import adjusted_budget, budget_of, usable_gpus
from models.memory.plan import Budget, Need
from models.probe.devices import Gpu, GpuReport, MachineResources, Memory, Processor
from models.settings import RuntimeSettings

GIB = 2**30


def machine(*gpus: Gpu) -> MachineResources:
    return MachineResources(
        processor=Processor(name="cpu", cores=8, features=[]),
        memory=Memory(total=16 * GIB, available=10 * GIB),
        gpu=GpuReport(gpus=list(gpus)),
    )


def gpu(name: str, *, free: int = 0, total: int = 0, mig: bool = False, problem: str = "") -> Gpu:
    return Gpu(index=0, uuid=name, name=name, free=free, total=total, mig=mig, problem=problem)


def test_models_use_a_share_of_the_free_memory_and_leave_a_reserve_on_each_gpu() -> None:
    settings = RuntimeSettings(memory_share=0.5, gpu_share=0.5, gpu_reserve_mib=1024)
    budget = budget_of(machine(gpu("a", free=8 * GIB), gpu("b", free=GIB)), settings)

    assert Budget(ram=5 * GIB, gpus={0: 3 * GIB, 1: 0}, threads=8) == budget


def test_a_gpu_share_of_zero_uses_no_gpu() -> None:
    assert {} == budget_of(machine(gpu("a", free=8 * GIB)), RuntimeSettings(gpu_share=0)).gpus


def test_broken_gpus_are_not_used_and_only_the_largest_mig_instance_is() -> None:
    broken, usable = gpu("broken", problem="lost"), gpu("usable", total=8)
    small, large = gpu("small", total=1, mig=True), gpu("large", total=2, mig=True)

    assert [usable] == usable_gpus(machine(broken, usable))
    assert [large] == usable_gpus(machine(small, broken, large))


def test_an_adjusted_budget_is_never_negative_and_has_no_new_gpus() -> None:
    budget = Budget(ram=10, gpus={0: 10}, threads=2)
    need = Need(ram=4, gpus={0: 20, 1: 5}, weights=0)

    assert Budget(ram=6, gpus={0: 0}, threads=2) == adjusted_budget(budget, [(need, -1)])
    assert Budget(ram=14, gpus={0: 30}, threads=2) == adjusted_budget(budget, [(need, 1)])
