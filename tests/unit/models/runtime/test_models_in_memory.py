"""The state of the models in memory, and its change event."""

import asyncio
from typing import Any

from fakes.placed_models import IdleChild, placed_model

from models.runtime.models_in_memory import LoadedModel, ModelsInMemory


def loaded(name: str, **plan: Any) -> LoadedModel:
    child: Any = IdleChild()
    return LoadedModel(placed_model(name, **plan), child, {})


def test_uses_contain_which_models_are_in_use_and_which_are_pinned() -> None:
    in_memory = ModelsInMemory()
    in_memory.loaded = {"a": loaded("a"), "b": loaded("b")}
    in_memory.loaded["b"].last_used = 5
    in_memory.users["a"] += 1
    uses = {use.placed.model.id: use for use in in_memory.uses(lambda model: model.id == "b")}

    assert (True, False) == (uses["a"].in_use, uses["a"].pinned)
    assert (False, True, 5) == (uses["b"].in_use, uses["b"].pinned, uses["b"].last_used)


def test_a_model_has_a_device_after_its_reservation() -> None:
    in_memory = ModelsInMemory()
    in_memory.loading["a"] = placed_model("a", gpus={1: 1})
    in_memory.loaded["b"] = loaded("b")

    assert ("gpu1", "cpu", None) == (in_memory.device_of("a"), in_memory.device_of("b"), in_memory.device_of("c"))


def test_unloading_stops_the_process_and_sets_the_change_event() -> None:
    async def scene() -> None:
        in_memory = ModelsInMemory()
        model = in_memory.loaded["a"] = loaded("a")
        change = in_memory.next_change()

        assert await in_memory.unload("a")
        assert (False, {}, True) == (model.child.alive, in_memory.loaded, change.is_set())
        assert not await in_memory.unload("a")

    asyncio.run(scene())


def test_a_change_wakes_only_tasks_that_already_waited() -> None:
    in_memory = ModelsInMemory()
    before = in_memory.next_change()
    in_memory.notify()

    assert before.is_set()
    assert not in_memory.next_change().is_set()
