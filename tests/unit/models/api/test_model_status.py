"""The state of models: available, loading or loaded, with predicted and measured memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from fakes.model_processes import GIB, PID, TAKEN_BYTES, FakeProcesses, Hold, fake_runtime, small_machine

from models.api.model_status import DeviceStatus, ModelStatus, device_statuses, model_statuses
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model, ModelRole
from models.formats.facts import Facts
from models.probe.devices import Gpu, GpuReport, Library, MachineResources
from models.runtime.model_runtime import ModelRuntime
from models.settings import RuntimeSettings


def status_of(runtime: ModelRuntime, name: str) -> ModelStatus:
    (status,) = [status for status in model_statuses(runtime) if status.id == name]
    return status


def run(runtime: ModelRuntime, scene: Callable[[], Awaitable[None]]) -> None:
    async def work() -> None:
        try:
            await asyncio.wait_for(scene(), 20)
        finally:
            await runtime.close()

    asyncio.run(work())


async def load(runtime: ModelRuntime, name: str) -> None:
    await runtime.residency.load(runtime.catalogue.find(name))


def test_a_model_that_is_not_loaded_needs_no_memory(tmp_path: Path) -> None:
    status = status_of(fake_runtime(tmp_path), "chat")

    assert ("available", False, 0, 0, 0) == (
        status.state,
        status.pinned,
        status.predicted_bytes,
        status.used_bytes,
        status.pid,
    )
    assert status.plan is None


def test_a_model_that_is_being_loaded_is_loading(tmp_path: Path, processes: FakeProcesses) -> None:
    runtime = fake_runtime(tmp_path)
    processes.load_hold = hold = Hold()

    async def scene() -> None:
        loading = asyncio.create_task(load(runtime, "chat"))
        await hold.reached.wait()
        assert ("loading", 0) == (status_of(runtime, "chat").state, status_of(runtime, "chat").pid)
        hold.released.set()
        await loading
        assert "loaded" == status_of(runtime, "chat").state

    run(runtime, scene)


def test_a_loaded_model_has_its_plan_its_process_and_its_memory(tmp_path: Path, processes: FakeProcesses) -> None:
    runtime = fake_runtime(tmp_path)

    async def scene() -> None:
        await load(runtime, "chat")
        status = status_of(runtime, "chat")

        assert status.plan is not None
        assert ("loaded", "chat", PID, 0.5) == (status.state, status.plan.model, status.pid, status.load_s)
        assert (status.plan.need.ram, TAKEN_BYTES) == (status.predicted_bytes, status.used_bytes)

    run(runtime, scene)


def test_the_idle_time_is_the_time_since_the_last_use(tmp_path: Path, processes: FakeProcesses) -> None:
    runtime = fake_runtime(tmp_path)

    async def scene() -> None:
        await load(runtime, "chat")
        (loaded,) = runtime.residency.loaded_models()
        loaded.last_used -= 1000
        assert 1000 <= status_of(runtime, "chat").idle_s < 2000

        async with runtime.residency.use(loaded.model):
            assert (1, 0.0) == (status_of(runtime, "chat").in_use, status_of(runtime, "chat").idle_s)
        assert (0, True) == (status_of(runtime, "chat").in_use, status_of(runtime, "chat").idle_s < 1000)

    run(runtime, scene)


def test_a_pinned_model_is_shown_as_pinned_even_if_it_is_not_loaded(tmp_path: Path) -> None:
    runtime = fake_runtime(tmp_path)
    runtime.residency.set_pinned("chat", pinned=True)

    assert ("available", True) == (status_of(runtime, "chat").state, status_of(runtime, "chat").pinned)


class MachineWithGpu:
    """Replaces the probe: a machine with one GPU of 16 GiB."""

    def __init__(self) -> None:
        self.free = 16 * GIB

    async def __call__(self, **_options: bool) -> MachineResources:
        gpu = Gpu(index=0, uuid="GPU-0", name="a GPU", total=16 * GIB, free=self.free)
        libraries = [Library(name="torch", gpu=True)]
        return msgspec.structs.replace(await small_machine(), gpu=GpuReport(gpus=[gpu]), libraries=libraries)


@pytest.fixture
def catalogue_for_torch(tmp_path: Path) -> Catalogue:
    """A catalogue with one added model, whose library can use a GPU."""
    (tmp_path / "torch").write_bytes(b"weights")
    model = Model(
        id="torch",
        role=ModelRole.EMBED,
        backend="sentence_transformers",
        path=str(tmp_path / "torch"),
        size=7,
        sha256="0",
        licence="",
        source="",
        added_at=1,
        facts=Facts(role="embed", backend="sentence_transformers", weights=GIB),
    )
    (tmp_path / "registry.json").write_bytes(msgspec.json.encode([model]))
    return Catalogue(tmp_path)


def test_the_memory_of_a_model_includes_its_gpu_memory(
    catalogue_for_torch: Catalogue, processes: FakeProcesses
) -> None:
    machine = MachineWithGpu()
    runtime = ModelRuntime(catalogue_for_torch, probe=machine, backends={"sentence_transformers": ""})

    def take() -> None:
        machine.free -= 2 * GIB

    processes.on_start = take

    async def scene() -> None:
        await load(runtime, "torch")
        status = status_of(runtime, "torch")

        assert status.plan is not None
        assert "gpu0" == status.plan.device
        assert status.plan.need.ram + status.plan.need.gpus[0] == status.predicted_bytes
        assert TAKEN_BYTES + 2 * GIB == status.used_bytes

    run(runtime, scene)


def test_a_device_has_the_numbers_of_its_waiting_requests(tmp_path: Path, processes: FakeProcesses) -> None:
    runtime = fake_runtime(tmp_path, RuntimeSettings(queue_capacity=9))
    processes.pass_hold = hold = Hold()

    async def scene() -> None:
        assert [] == device_statuses(runtime)
        first = asyncio.create_task(runtime.rerank("rerank", "oil", ["oil"], max_ms=None))
        await hold.reached.wait()
        others = [asyncio.create_task(runtime.rerank("rerank", "oil", ["oil"], max_ms=None)) for _ in range(2)]
        while device_statuses(runtime)[0].waiting["pass"] < 2:  # noqa: ASYNC110 - the next turns of this loop
            await asyncio.sleep(0)
        expected = DeviceStatus(name="cpu", capacity=9, waiting={"generation": 0, "pass": 2}, largest_pass=1)
        assert [expected] == device_statuses(runtime)
        hold.released.set()
        await asyncio.gather(first, *others)
        assert 0 == device_statuses(runtime)[0].waiting["pass"]

    run(runtime, scene)
