"""When the machine is probed, and the remaining budget beside other models."""

import asyncio
from typing import Any

import pytest
from fakes.placed_models import made_up_plan, placed_model

from models.memory.machine_state import MachineState
from models.probe.devices import Gpu, GpuReport, Library, MachineResources, Memory, Processor
from models.settings import RuntimeSettings

SETTINGS = RuntimeSettings(memory_share=1, gpu_share=1, gpu_reserve_mib=0)
LIBRARIES = [Library(name="llama-cpp-python", gpu=True), Library(name="torch", gpu=False), Library(name="x", gpu=True)]


class Probes:
    """A machine whose probes are counted. `free_gpus` has the free bytes of each GPU."""

    def __init__(self, *free_gpus: int, available: int = 1000, unsure: bool = False) -> None:
        self.free_gpus, self.available, self.unsure = list(free_gpus), available, unsure
        self.requested: list[dict[str, Any]] = []

    async def __call__(self, **requested: bool) -> MachineResources:
        self.requested.append(requested)
        gpus = [
            Gpu(index=index, uuid=f"GPU-{index}", name="gpu", total=free, free=free)
            for index, free in enumerate(self.free_gpus)
        ]
        return MachineResources(
            processor=Processor(name="cpu", cores=4, features=[]),
            memory=Memory(total=2000, available=self.available),
            gpu=GpuReport(gpus=gpus if requested.get("gpus", True) else [], unsure=self.unsure),
            libraries=LIBRARIES if requested.get("libraries") else [],
        )


def probed(probes: Probes, *, times: int = 1) -> MachineState:
    machine = MachineState(SETTINGS, probes)

    async def refresh() -> None:
        for _ in range(times):
            await machine.refresh()

    asyncio.run(refresh())
    return machine


def test_a_machine_without_a_probe_has_no_resources() -> None:
    machine = MachineState(SETTINGS, Probes())

    assert {} == machine.free_gpu_bytes()
    with pytest.raises(RuntimeError):
        _ = machine.resources


def test_a_machine_without_a_gpu_is_probed_for_gpus_once() -> None:
    probes = Probes()
    probed(probes, times=3)

    assert [{"gpus": True}, {"gpus": False}, {"gpus": False}] == probes.requested


def test_gpus_are_probed_again_if_one_was_found_or_the_probe_failed() -> None:
    with_gpu, unsure = Probes(5), Probes(unsure=True)
    probed(with_gpu, times=2)
    probed(unsure, times=2)

    assert [{"gpus": True}, {"libraries": True}, {"gpus": True}] == with_gpu.requested
    assert [{"gpus": True}, {"gpus": True}] == unsure.requested


def test_plans_use_gpus_only_for_backends_whose_library_supports_them() -> None:
    assert ("llama_cpp",) == probed(Probes(5)).plan_options().gpu_backends
    assert () == probed(Probes()).plan_options().gpu_backends


def test_memory_of_loading_models_is_not_assigned_twice() -> None:
    machine = probed(Probes(500))

    budget = machine.budget(loading=[placed_model("a", ram=300, gpus={0: 100})])

    assert (700, {0: 400}) == (budget.ram, budget.gpus)


def test_mapped_weights_of_loaded_models_are_not_counted_as_free() -> None:
    machine = probed(Probes())

    assert 600 == machine.budget(loaded=[placed_model("a", ram=500, weights=400)]).ram
    assert 1000 == machine.budget(loaded=[placed_model("a", ram=500, weights=400, backend="onnx")]).ram


@pytest.mark.parametrize(("backend", "ram"), [("llama_cpp", 1100), ("onnx", 1500)])
def test_an_evicted_model_frees_its_memory(backend: str, ram: int) -> None:
    machine = probed(Probes(50))
    model = placed_model("a", ram=500, weights=400, gpus={0: 30}, backend=backend)

    budget = machine.budget(loaded=[model], without=[model])

    assert (ram, {0: 80}) == (budget.ram, budget.gpus)


def test_a_share_of_the_gpu_budget_does_not_change_the_main_memory() -> None:
    budget = probed(Probes(100)).budget(gpu_share=0.75)

    assert (1000, {0: 75}) == (budget.ram, budget.gpus)


def test_the_memory_of_a_loaded_model_is_measured_per_gpu() -> None:
    probes = Probes(100, 50)
    machine = probed(probes)
    before = machine.free_gpu_bytes()
    probes.free_gpus = [40, 60]

    assert {0: 60, 1: 0} == asyncio.run(machine.gpu_bytes_taken_since(before))


def test_a_process_sees_only_the_gpus_of_its_plan() -> None:
    machine = probed(Probes(1, 1, 1))

    assert {"CUDA_VISIBLE_DEVICES": "GPU-0,GPU-2"} == machine.gpu_environment(made_up_plan("a", gpus={0: 1, 2: 1}))
    assert {"CUDA_VISIBLE_DEVICES": ""} == machine.gpu_environment(made_up_plan("a"))
