"""When models are loaded, kept, evicted and unloaded."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from fakes.model_runtime import WITH_MISBEHAVING, add_misbehaving, answer, chat_request, running_runtime
from fakes.nvml import GIB
from fakes.tiny_gguf import make_tiny_gguf

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import ModelRole
from models.child.frames import GenerationFinished, Piece
from models.errors import DoesNotFit, ModelFileRefused, ModelUnavailable
from models.memory.plan import Budget, PlanOptions
from models.memory.planner import choose_plan
from models.probe.devices import MachineResources, Memory, Processor
from models.runtime.model_runtime import ModelRuntime
from models.settings import RoleSettings, RuntimeSettings, Strategy

MIB = 2**20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three small chat models. Their processes can import the fake backends of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    catalogue = Catalogue(tmp_path / "models")
    for name in ("a", "b", "c"):
        asyncio.run(catalogue.add(make_tiny_gguf(tmp_path / f"{name}.gguf", seed=ord(name))))
    return tmp_path / "models"


def loaded(runtime: ModelRuntime) -> set[str]:
    return {resident.model.id for resident in runtime.residency.loaded_models()}


def machine_with(available: int) -> Callable[..., Awaitable[MachineResources]]:
    async def probe(**_options: bool) -> MachineResources:
        return MachineResources(
            processor=Processor(name="cpu", cores=2, features=[]), memory=Memory(total=16 * GIB, available=available)
        )

    return probe


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the condition depends on another process
            await asyncio.sleep(0.01)


def test_lazy_loads_at_the_first_request_and_keeps_the_model(folder: Path) -> None:
    async def scene() -> tuple[set[str], set[str], bool]:
        async with running_runtime(folder) as runtime:
            before = loaded(runtime)
            await answer(runtime, "a", "Hello")
            pid = runtime.residency.loaded_models()[0].child.pid
            await answer(runtime, "a", "Hello again")
            return before, loaded(runtime), runtime.residency.loaded_models()[0].child.pid == pid

    assert (set(), {"a"}, True) == asyncio.run(scene())


@pytest.mark.parametrize("strategy", [Strategy.EAGER, Strategy.PINNED])
def test_eager_and_pinned_load_at_start(folder: Path, strategy: Strategy) -> None:
    async def scene() -> None:
        async with running_runtime(folder, RuntimeSettings(chat=RoleSettings(strategy=strategy, model="b"))) as runtime:
            await wait_until(lambda: loaded(runtime) == {"b"})

    asyncio.run(scene())


def test_max_loaded_evicts_the_least_recently_used(folder: Path) -> None:
    async def scene() -> set[str]:
        async with running_runtime(folder, RuntimeSettings(chat=RoleSettings(max_loaded=2))) as runtime:
            for name in ("a", "b", "a", "c"):
                await answer(runtime, name, "Hello")
            return loaded(runtime)

    assert {"a", "c"} == asyncio.run(scene())


def test_a_pinned_model_is_not_evicted_and_is_loaded_again_when_its_process_dies(folder: Path) -> None:
    async def scene() -> None:
        async with running_runtime(folder, RuntimeSettings(chat=RoleSettings(max_loaded=2))) as runtime:
            runtime.catalogue.set_pinned("a", pinned=True)
            for name in ("a", "b", "c"):
                await answer(runtime, name, "Hello")
            assert {"a", "c"} == loaded(runtime)
            pinned = next(loaded for loaded in runtime.residency.loaded_models() if loaded.model.id == "a")
            await pinned.child.end()
            await wait_until(lambda: "a" in loaded(runtime))

    asyncio.run(scene())


def test_if_all_models_are_pinned_the_error_contains_a_remedy(folder: Path) -> None:
    async def scene() -> None:
        async with running_runtime(folder) as runtime:
            runtime.catalogue.set_pinned("a", pinned=True)
            await answer(runtime, "a", "Hello")
            with pytest.raises(ModelUnavailable, match="Unpin one"):
                await answer(runtime, "b", "Hello")

    asyncio.run(scene())


def test_a_load_waits_for_a_model_in_use_and_never_evicts_it(folder: Path, tmp_path: Path) -> None:
    async def scene() -> tuple[int, set[str]]:
        async with running_runtime(folder) as runtime:
            events = runtime.generate("a", chat_request("Hello", max_tokens=300))
            pieces = 0
            async for event in events:
                pieces += isinstance(event, Piece)
                if pieces == 1:
                    other = asyncio.create_task(runtime.residency.load(runtime.catalogue.find("b")))
                    await asyncio.sleep(0.02)
                    assert {"a"} == loaded(runtime)
                    pieces += 1
            await other
            return pieces, loaded(runtime)

    pieces, left = asyncio.run(scene())

    assert pieces > 1
    assert {"b"} == left


def test_an_idle_model_is_unloaded_and_loaded_again_for_the_next_request(folder: Path) -> None:
    async def scene() -> None:
        async with running_runtime(folder, RuntimeSettings(chat=RoleSettings(idle_unload_s=0.3))) as runtime:
            await answer(runtime, "a", "Hello")
            await wait_until(lambda: not loaded(runtime))
            text, _ = await answer(runtime, "a", "Hello")
            assert text

    asyncio.run(scene())


def test_an_embedding_model_does_not_evict_the_chat_model(folder: Path) -> None:
    add_misbehaving(folder, name="embedder", role=ModelRole.EMBED)

    async def scene() -> set[str]:
        async with running_runtime(folder, backends=WITH_MISBEHAVING) as runtime:
            await answer(runtime, "a", "Hello")
            await runtime.embed("embedder", ["text"])
            return loaded(runtime)

    assert {"a", "embedder"} == asyncio.run(scene())


def test_a_model_that_does_not_fit_is_refused_with_the_sizes(folder: Path) -> None:
    async def scene() -> str:
        async with running_runtime(folder, probe=machine_with(90 * MIB)) as runtime:
            with pytest.raises(DoesNotFit) as refused:
                await answer(runtime, "a", "Hello")
            return refused.value.message

    message = asyncio.run(scene())

    assert "a needs" in message
    assert "72 MiB of memory may be used" in message


def test_models_are_evicted_before_a_load_is_refused_for_lack_of_memory(folder: Path) -> None:
    """The simulated machine has memory for only one model at a time, and one model is already loaded."""
    facts = Catalogue(folder).find("a").facts
    assert facts is not None
    need = choose_plan("a", facts, Budget(ram=GIB), PlanOptions()).need.ram
    runtime_now: list[ModelRuntime] = []

    async def probe(**_options: bool) -> MachineResources:
        taken = (
            sum(resident.plan.need.ram for resident in runtime_now[0].residency.loaded_models()) if runtime_now else 0
        )
        memory = Memory(total=16 * GIB, available=int(need * 1.4) - taken)
        return MachineResources(processor=Processor(name="cpu", cores=2, features=[]), memory=memory)

    async def scene() -> set[str]:
        async with running_runtime(folder, RuntimeSettings(chat=RoleSettings(max_loaded=3)), probe=probe) as runtime:
            runtime_now.append(runtime)
            await answer(runtime, "a", "Hello")
            await answer(runtime, "b", "Hello")
            return loaded(runtime)

    assert {"b"} == asyncio.run(scene())


def test_a_burst_before_a_model_is_loaded_probes_the_machine_as_often_as_one_request(folder: Path) -> None:
    add_misbehaving(folder, name="embedder", role=ModelRole.EMBED)

    async def probe_count(requests: int) -> int:
        count, simulated_probe = 0, machine_with(16 * GIB)

        async def probe(**options: bool) -> MachineResources:
            nonlocal count
            count += 1
            return await simulated_probe(**options)

        async with running_runtime(folder, backends=WITH_MISBEHAVING, probe=probe) as runtime:
            await asyncio.gather(
                *(runtime.embed("embedder", [f"{number} of {requests}"]) for number in range(requests))
            )
        return count

    assert asyncio.run(probe_count(8)) == asyncio.run(probe_count(1))


def test_a_request_during_the_loading_of_its_model_does_not_probe_the_machine(folder: Path) -> None:
    async def probe_count(*, more: bool) -> int:
        count, simulated_probe = 0, machine_with(16 * GIB)

        async def probe(**options: bool) -> MachineResources:
            nonlocal count
            count += 1
            return await simulated_probe(**options)

        async with running_runtime(folder, probe=probe) as runtime:
            loading = asyncio.create_task(answer(runtime, "a", "Hello"))
            await wait_until(lambda: runtime.residency.device_of(runtime.catalogue.find("a")) is not None)
            assert loaded(runtime) == set()
            await asyncio.gather(loading, *([answer(runtime, "a", "Hello again")] if more else []))
        return count

    assert asyncio.run(probe_count(more=True)) == asyncio.run(probe_count(more=False))


def test_a_request_gets_an_error_if_the_runtime_stops_during_its_probe(folder: Path) -> None:
    async def scene() -> None:
        looking = asyncio.Event()

        async def probe(**_options: bool) -> MachineResources:
            looking.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with running_runtime(folder, probe=probe) as runtime:
            request = asyncio.create_task(runtime.residency.plan(runtime.catalogue.find("a")))
            await looking.wait()
        with pytest.raises(ModelUnavailable, match="is being stopped"):
            await request

    asyncio.run(scene())


def test_a_replaced_file_is_loaded_again(folder: Path, tmp_path: Path) -> None:
    async def scene() -> tuple[str, str]:
        async with running_runtime(folder) as runtime:
            before, _ = await answer(runtime, "a", "Hello", max_tokens=20)
            await runtime.catalogue.add(make_tiny_gguf(tmp_path / "a.gguf", seed=99))
            after, _ = await answer(runtime, "a", "Hello", max_tokens=20)
            return before, after

    before, after = asyncio.run(scene())

    assert before != after


def test_a_pin_survives_a_restart_of_the_runtime(folder: Path) -> None:
    Catalogue(folder).set_pinned("c", pinned=True)

    async def scene() -> None:
        async with running_runtime(folder) as runtime:
            await wait_until(lambda: loaded(runtime) == {"c"})

    asyncio.run(scene())


def test_embedded_texts_are_not_embedded_again_after_a_restart(folder: Path) -> None:
    add_misbehaving(folder, name="embedder", role=ModelRole.EMBED)
    texts = [f"verse {number}" for number in range(300)]

    async def scene() -> tuple[list[bytes], int, set[str]]:
        async with running_runtime(folder, backends=WITH_MISBEHAVING) as runtime:
            vectors, tokens = await runtime.embed("embedder", texts)
            return vectors, tokens, loaded(runtime)

    first, second = asyncio.run(scene()), asyncio.run(scene())

    assert first[0] == second[0]
    assert (True, 0, set()) == (first[1] > 0, second[1], second[2])


def test_the_error_of_an_unreadable_registry_names_the_file(folder: Path) -> None:
    (folder / "registry.json").write_bytes(msgspec.json.encode({"not": "a list"}))

    with pytest.raises(Exception, match=r"registry\.json cannot be read"):
        Catalogue(folder).models()


def test_a_failed_load_does_not_block_the_next_one(folder: Path) -> None:
    async def scene() -> list[tuple[str, GenerationFinished] | BaseException]:
        async with running_runtime(folder) as runtime:
            broken = runtime.catalogue.find("a")
            os.truncate(broken.path, 200_000)
            requests = [answer(runtime, name, "Hello") for name in ("a", "b", "a", "b")]
            async with asyncio.timeout(30):
                return await asyncio.gather(*requests, return_exceptions=True)

    first, second, third, fourth = asyncio.run(scene())

    assert isinstance(first, Exception)
    assert isinstance(third, Exception)
    assert isinstance(second, tuple)
    assert isinstance(fourth, tuple)
    assert second[0]
    assert fourth[0]


def test_the_search_model_is_loaded_while_a_chat_model_waits_for_another(folder: Path) -> None:
    add_misbehaving(folder, name="embedder", role=ModelRole.EMBED)

    async def scene() -> bool:
        async with running_runtime(folder, backends=WITH_MISBEHAVING) as runtime:
            events = runtime.generate("a", chat_request("Hello", max_tokens=4000))
            async for event in events:
                if isinstance(event, Piece):
                    break
            waiting = asyncio.create_task(runtime.residency.load(runtime.catalogue.find("b")))
            await asyncio.sleep(0.05)
            async with asyncio.timeout(20):
                await runtime.embed("embedder", ["text"])
            still = runtime.residency.users_of("a") == 1 or waiting.done()
            await events.aclose()
            await waiting
            return still

    assert asyncio.run(scene())


def test_models_that_evict_each_other_lose_no_request(folder: Path) -> None:
    """Each model is evicted for another model as soon as it is idle, but never between its loading and its use."""

    async def scene() -> list[object]:
        async with running_runtime(
            folder, RuntimeSettings(chat=RoleSettings(max_loaded=1, idle_unload_s=0.01))
        ) as runtime:
            requests = [answer(runtime, "abc"[number % 3], "Hello", user=str(number)) for number in range(12)]
            return await asyncio.gather(*requests, return_exceptions=True)

    assert not [outcome for outcome in asyncio.run(scene()) if isinstance(outcome, BaseException)]


def test_a_model_that_is_removed_during_its_loading_does_not_stay(folder: Path) -> None:
    async def scene() -> set[str]:
        async with running_runtime(folder) as runtime:
            loading = asyncio.create_task(runtime.residency.load(runtime.catalogue.find("a")))
            while not runtime.residency.is_loading("a"):  # noqa: ASYNC110 - loading starts in the next turns of this loop
                await asyncio.sleep(0)
            await runtime.residency.unload("a")
            runtime.catalogue.remove("a")
            with pytest.raises(ModelUnavailable, match="unloaded while it was being loaded"):
                await loading
            await answer(runtime, "b", "Hello")
            return loaded(runtime)

    assert {"b"} == asyncio.run(scene())


@pytest.mark.parametrize("name", ["embeddings", "downloads", "registry", "x/y", ".hidden", "m-onnx"])
def test_a_model_cannot_have_the_name_of_another_file_in_its_folder(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFileRefused, match="is not a valid model name"):
        asyncio.run(Catalogue(folder).add(make_tiny_gguf(tmp_path / "m.gguf"), name=name))
