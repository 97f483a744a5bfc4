"""A model's process is started with its plan, and again with less GPU memory after a failure."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.placed_models import MIB, IdleChild, made_up_model, made_up_plan

from models.backends import LoadOptions
from models.catalogue.model import Model, ModelRole
from models.child.frames import Loaded, ThreadRate
from models.child.process import ChildProcess
from models.errors import ModelCrashed, ModelError, ModelUnavailable
from models.formats.facts import Facts
from models.memory.plan import LoadPlan
from models.probe.devices import MachineResources, Memory, Processor
from models.runtime.loading import ModelLoader, memory_limit
from models.settings import RuntimeSettings

GIB = 2**30
PROCESSOR = Processor(name="cpu", cores=4, features=[])


class Stage:
    """Replaces the catalogue, the machine and the reservations. With `on_gpu`, plans use a GPU."""

    def __init__(self, folder: Path, *, on_gpu: bool = False) -> None:
        self.folder = folder
        self.on_gpu = on_gpu
        self.resources = MachineResources(processor=PROCESSOR, memory=Memory(total=GIB, available=GIB))
        self.shares: list[float] = []
        self.released = 0

    async def facts_of(self, _model: Model) -> Facts:
        return Facts(role="chat", backend="llama_cpp", weights=1)

    async def reserve(self, model: Model, _facts: Facts, *, gpu_share: float) -> LoadPlan:
        self.shares.append(gpu_share)
        return made_up_plan(model.id, ram=GIB, gpus={0: 1} if self.on_gpu else {}, layers=3)

    def release(self, _model: Model) -> None:
        self.released += 1

    def free_gpu_bytes(self) -> dict[int, int]:
        return {0: 100}

    async def gpu_bytes_taken_since(self, before: dict[int, int]) -> dict[int, int]:
        return {gpu: free - 40 for gpu, free in before.items()}

    def gpu_environment(self, plan: LoadPlan) -> dict[str, str]:
        return {"CUDA_VISIBLE_DEVICES": plan.device}

    def loader(self, settings: RuntimeSettings | None = None) -> ModelLoader:
        stage: Any = self
        return ModelLoader(stage, settings or RuntimeSettings(), stage, stage, {"llama_cpp": "module:Class"})


class Starts:
    """Replaces `ChildProcess.start`: raises the errors one after another, then starts a process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *errors: ModelError) -> None:
        self.errors = list(errors)
        self.options: list[LoadOptions] = []
        self.environments: list[dict[str, str]] = []
        self.child = IdleChild()
        monkeypatch.setattr(ChildProcess, "start", self)

    async def __call__(
        self, _name: str, _location: str, options: LoadOptions, *, environment: dict[str, str], **_timeouts: float
    ) -> IdleChild:
        self.options.append(options)
        self.environments.append(environment)
        if self.errors:
            raise self.errors.pop(0)
        return self.child


def test_a_process_gets_its_plan_and_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, stage = Starts(monkeypatch), Stage(tmp_path, on_gpu=True)
    loaded = asyncio.run(stage.loader().load(made_up_model("m")))

    assert (8192, (3,)) == (starts.options[0].context, starts.options[0].gpu_layers)
    assert "gpu0" == starts.environments[0]["CUDA_VISIBLE_DEVICES"]
    assert starts.environments[0]["CUDA_CACHE_PATH"].startswith(str(tmp_path))
    assert ("m", {0: 60}, 1) == (loaded.model.id, loaded.gpu_bytes, stage.released)


def test_only_chat_models_have_thread_candidates_and_they_have_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts, loader = Starts(monkeypatch), Stage(tmp_path).loader()
    for role in (ModelRole.CHAT, ModelRole.EMBED):
        asyncio.run(loader.load(made_up_model("m", role=role)))
    chat, embed = starts.options

    assert ((2, 3, 4), 3) == (chat.thread_candidates, chat.generation_threads)
    assert ((), 0) == (embed.thread_candidates, embed.generation_threads)
    assert chat.niceness < embed.niceness


def test_measured_threads_are_used_at_the_next_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, loader = Starts(monkeypatch), Stage(tmp_path).loader()
    starts.child.loaded = Loaded(7, 0.1, thread_rates=[ThreadRate(2, 9, 9), ThreadRate(4, 1, 1)])
    for _ in range(2):
        asyncio.run(loader.load(made_up_model("m")))

    assert ((), 2) == (starts.options[1].thread_candidates, starts.options[1].generation_threads)


@pytest.mark.parametrize("error", [ModelUnavailable("out of memory"), ModelCrashed("died")])
def test_a_failure_on_a_gpu_is_tried_again_with_less_gpu_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ModelError
) -> None:
    Starts(monkeypatch, error)
    stage = Stage(tmp_path, on_gpu=True)
    asyncio.run(stage.loader().load(made_up_model("m")))

    assert ([1.0, 0.75], 2) == (stage.shares, stage.released)


def test_on_the_processor_a_crash_is_tried_again_and_an_error_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Starts(monkeypatch, ModelCrashed("died"), ModelUnavailable("not a model"))
    stage = Stage(tmp_path)
    with pytest.raises(ModelUnavailable, match="not a model"):
        asyncio.run(stage.loader().load(made_up_model("m")))

    assert (2, 2) == (len(stage.shares), stage.released)
    Starts(monkeypatch, ModelUnavailable("not a model"))
    with pytest.raises(ModelUnavailable):
        asyncio.run(stage.loader().load(made_up_model("m")))
    assert 3 == len(stage.shares)


def test_a_process_may_use_more_memory_than_planned_up_to_a_limit() -> None:
    settings = RuntimeSettings()
    on_cpu = msgspec.structs.replace(made_up_plan("m", ram=2 * GIB), prefix_bytes=MIB)

    assert 3 * GIB + MIB + GIB == memory_limit(on_cpu, settings)
    assert 0 == memory_limit(made_up_plan("m", ram=GIB, gpus={0: 1}), settings)


def test_the_settings_limit_a_process_on_any_device() -> None:
    settings = RuntimeSettings(child_memory_mib=5)

    assert 5 * MIB == memory_limit(made_up_plan("m", ram=GIB), settings)
    assert 5 * MIB == memory_limit(made_up_plan("m", gpus={0: 1}), settings)
