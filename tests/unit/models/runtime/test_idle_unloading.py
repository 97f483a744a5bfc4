"""When an idle model is unloaded."""

import asyncio
import time
from typing import Any

from fakes.placed_models import IdleChild, placed_model

from models.catalogue.model import Model, ModelRole
from models.errors import ModelFileRefused
from models.memory.eviction import ModelUse
from models.runtime.idle_unloading import IdleEnd, IdleUnloader, next_idle_end
from models.runtime.models_in_memory import LoadedModel, ModelsInMemory
from models.settings import RoleSettings, RuntimeSettings

SETTINGS = RuntimeSettings(chat=RoleSettings(idle_unload_s=100), embed=RoleSettings(idle_unload_s=0))


def use(
    name: str, *, last_used: float, role: ModelRole = ModelRole.CHAT, in_use: bool = False, pinned: bool = False
) -> ModelUse:
    return ModelUse(placed=placed_model(name, role=role), last_used=last_used, in_use=in_use, pinned=pinned)


def test_the_timeout_of_the_longest_idle_model_ends_first() -> None:
    loaded = [use("newer", last_used=20), use("older", last_used=10)]

    assert IdleEnd(110, "older") == next_idle_end(loaded, SETTINGS)


def test_used_and_pinned_models_and_roles_without_a_timeout_are_not_unloaded() -> None:
    loaded = [
        use("used", last_used=0, in_use=True),
        use("pinned", last_used=0, pinned=True),
        use("search", last_used=0, role=ModelRole.EMBED),
    ]

    assert next_idle_end(loaded, SETTINGS) is None


def in_memory_with(**last_used: float) -> ModelsInMemory:
    in_memory = ModelsInMemory()
    for name, moment in last_used.items():
        child: Any = IdleChild()
        in_memory.loaded[name] = LoadedModel(placed_model(name), child, {})
        in_memory.loaded[name].last_used = moment
    return in_memory


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_models_are_unloaded_when_their_timeout_ends_and_they_are_no_longer_used() -> None:
    async def scene() -> None:
        in_memory = in_memory_with(idle=time.time() - 200, used=time.time() - 200, fresh=time.time())
        in_memory.users["used"] = 1
        watch = asyncio.create_task(IdleUnloader(SETTINGS, in_memory, lambda _model: False).run())
        await settle()
        assert {"used", "fresh"} == set(in_memory.loaded)

        in_memory.users["used"] = 0
        in_memory.notify()
        await settle()
        assert {"fresh"} == set(in_memory.loaded)
        watch.cancel()

    asyncio.run(scene())


def test_a_model_is_unloaded_when_its_timeout_ends_without_another_change() -> None:
    async def scene() -> None:
        in_memory = in_memory_with(idle=time.time() - 99.9)
        watch = asyncio.create_task(IdleUnloader(SETTINGS, in_memory, lambda _model: False).run())
        async with asyncio.timeout(20):
            await in_memory.next_change().wait()
        assert {} == in_memory.loaded
        watch.cancel()

    asyncio.run(scene())


def test_no_model_is_unloaded_while_the_pins_cannot_be_read() -> None:
    async def scene() -> None:
        in_memory, readable = in_memory_with(idle=time.time() - 200), False

        def is_pinned(_model: Model) -> bool:
            if not readable:
                raise ModelFileRefused("pinned.json cannot be read.")
            return False

        watch = asyncio.create_task(IdleUnloader(SETTINGS, in_memory, is_pinned).run())
        await settle()
        assert {"idle"} == set(in_memory.loaded)

        readable = True
        in_memory.notify()
        await settle()
        assert {} == in_memory.loaded
        watch.cancel()

    asyncio.run(scene())
