"""Memory is reserved for one model at a time, and others are evicted for it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes.placed_models import MIB, IdleChild, made_up_model, placed_model

from models.catalogue.model import Model, ModelRole
from models.errors import DoesNotFit
from models.formats.facts import Facts
from models.memory.machine_state import MachineState
from models.memory.plan import LoadPlan
from models.probe.devices import Gpu, GpuReport, Library, MachineResources, Memory, Processor
from models.runtime import reservation
from models.runtime.models_in_memory import LoadedModel, ModelsInMemory
from models.runtime.reservation import MemoryReservations
from models.settings import RoleSettings, RuntimeSettings

# A model that cannot be split: weights in two copies, 128 MiB for a pass, 160 MiB for the process.
FACTS = Facts(role="embed", backend="onnx", weights=100 * MIB)
NEED = 488 * MIB
SETTINGS = RuntimeSettings(memory_share=1, embed=RoleSettings(max_loaded=10))


class Machine:
    """A machine with `memory` bytes, and a GPU if `gpu_bytes` are free on it, minus the memory of the loaded models."""

    def __init__(self, memory: int, gpu_bytes: int = 0) -> None:
        self.memory, self.gpu_bytes = memory, gpu_bytes
        self.in_memory = ModelsInMemory()
        self.probes = 0

    async def __call__(self, **options: bool) -> MachineResources:
        self.probes += 1
        taken = sum(placed.plan.need.ram for placed in self.in_memory.placed())
        gpus = [Gpu(index=0, uuid="GPU-0", name="gpu", total=self.gpu_bytes, free=self.gpu_bytes)]
        return MachineResources(
            processor=Processor(name="cpu", cores=2, features=[]),
            memory=Memory(total=self.memory, available=self.memory - taken),
            gpu=GpuReport(gpus=gpus if self.gpu_bytes else []),
            libraries=[Library(name="torch")] if options.get("libraries") else [],
        )

    def load(self, name: str, *, role: ModelRole = ModelRole.EMBED, **plan: Any) -> LoadedModel:
        child: Any = IdleChild()
        placed = placed_model(name, role=role, backend="onnx", **({"ram": NEED} | plan))
        loaded = self.in_memory.loaded[name] = LoadedModel(placed, child, {})
        return loaded

    def reservations(self, is_pinned: Callable[[Model], bool] = lambda _model: False) -> MemoryReservations:
        return MemoryReservations(SETTINGS, MachineState(SETTINGS, self), self.in_memory, is_pinned)


def new_model(name: str = "new") -> Model:
    return made_up_model(name, role=ModelRole.EMBED, backend="onnx")


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_reserved_memory_is_not_given_to_another_model_before_its_release() -> None:
    async def scene() -> None:
        machine = Machine(memory=NEED * 3 // 2)
        reservations = machine.reservations()
        first = await reservations.reserve(new_model("first"), FACTS, gpu_share=1)
        assert NEED == first.need.ram
        second = asyncio.create_task(reservations.reserve(new_model("second"), FACTS, gpu_share=1))
        await settle()
        assert not second.done()
        assert {"first"} == set(machine.in_memory.loading)

        reservations.release(new_model("first"))
        assert "second" == (await second).model

    asyncio.run(scene())


def test_an_idle_model_is_evicted_and_a_load_waits_for_a_model_in_use() -> None:
    async def scene() -> None:
        machine = Machine(memory=NEED * 3 // 2)
        old = machine.load("old")
        machine.in_memory.users["old"] = 1
        waiting = asyncio.create_task(machine.reservations().reserve(new_model(), FACTS, gpu_share=1))
        await settle()
        assert old.child.alive

        machine.in_memory.users["old"] = 0
        machine.in_memory.notify()
        assert "new" == (await waiting).model
        assert not old.child.alive

    asyncio.run(scene())


def test_a_model_that_never_fits_is_refused_without_evictions() -> None:
    async def scene() -> None:
        machine = Machine(memory=NEED * 5 // 4)
        pinned, idle = machine.load("pinned", ram=NEED), machine.load("idle", ram=0)
        reservations = machine.reservations(is_pinned=lambda model: model.id == "pinned")
        with pytest.raises(DoesNotFit, match="new needs"):
            await reservations.reserve(new_model(), FACTS, gpu_share=1)
        assert (True, True) == (pinned.child.alive, idle.child.alive)
        assert {} == machine.in_memory.loading

    asyncio.run(scene())


def test_a_plan_assumes_the_eviction_of_unpinned_models_but_evicts_none() -> None:
    async def scene() -> tuple[LoadPlan, bool]:
        machine = Machine(memory=NEED * 5 // 4)
        used = machine.load("used")
        machine.in_memory.users["used"] = 1
        return await machine.reservations().plan(new_model(), FACTS), used.child.alive

    plan, is_alive = asyncio.run(scene())

    assert (NEED, True) == (plan.need.ram, is_alive)


def test_a_plan_beside_pinned_models_may_not_fit() -> None:
    async def scene() -> None:
        machine = Machine(memory=NEED * 5 // 4)
        machine.load("pinned")
        with pytest.raises(DoesNotFit):
            await machine.reservations(is_pinned=lambda _model: True).plan(new_model(), FACTS)

    asyncio.run(scene())


def test_after_an_eviction_from_a_gpu_the_wait_for_its_memory_has_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reservation, "FREE_POLL_S", 0)

    async def probes(*, gpus: dict[int, int]) -> int:
        machine = Machine(memory=NEED * 5 // 4, gpu_bytes=1000 * MIB)
        machine.load("old", gpus=gpus)
        await machine.reservations().reserve(new_model(), FACTS, gpu_share=1)
        return machine.probes

    assert reservation.FREE_POLLS == asyncio.run(probes(gpus={0: 500 * MIB})) - asyncio.run(probes(gpus={}))
