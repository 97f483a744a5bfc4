"""Loading and unloading of models for their users, with processes that do nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.model_runtime import add_misbehaving
from fakes.placed_models import IdleChild

from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model
from models.child.process import ChildProcess
from models.errors import ModelUnavailable
from models.probe.devices import MachineResources, Memory, Processor
from models.runtime.metrics import Metrics
from models.runtime.residency import Residency
from models.settings import RoleSettings, RuntimeSettings

GIB = 2**30


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models whose processes were started."""
    names: list[str] = []

    async def start(name: str, *_arguments: object, **_options: object) -> IdleChild:
        names.append(name)
        await asyncio.sleep(0)
        return IdleChild()

    monkeypatch.setattr(ChildProcess, "start", start)
    return names


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    for name in ("a", "b"):
        add_misbehaving(tmp_path, name=name)
    return Catalogue(tmp_path)


async def probe(**_options: bool) -> MachineResources:
    return MachineResources(
        processor=Processor(name="cpu", cores=2, features=[]), memory=Memory(total=16 * GIB, available=8 * GIB)
    )


def residency(catalogue: Catalogue, **chat: Any) -> Residency:
    settings = RuntimeSettings(chat=RoleSettings(**({"max_loaded": 2} | chat)))
    return Residency(catalogue, settings, probe=probe, backends={"misbehaving": "m:C"}, metrics=Metrics())


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the next turns of this loop
            await asyncio.sleep(0)


def test_simultaneous_users_share_one_loading(catalogue: Catalogue, started: list[str]) -> None:
    async def scene() -> None:
        models, model = residency(catalogue), catalogue.find("a")

        async def use() -> None:
            async with models.use(model) as child:
                assert child.alive

        await asyncio.gather(use(), use(), use())
        assert ["a"] == started
        assert 0 == models.users_of("a")
        assert models.is_loaded(model)
        await models.close()

    asyncio.run(scene())


def test_a_model_in_use_is_not_evicted_for_another(catalogue: Catalogue, started: list[str]) -> None:
    async def scene() -> None:
        models = residency(catalogue, max_loaded=1)
        async with models.use(catalogue.find("a")):
            other = asyncio.create_task(models.load(catalogue.find("b")))
            await asyncio.sleep(0.05)
            assert not other.done()
            assert ["a"] == [loaded.model.id for loaded in models.loaded_models()]
        await other
        assert ["b"] == [loaded.model.id for loaded in models.loaded_models()]
        await models.close()

    asyncio.run(scene())


def test_a_dead_process_is_loaded_again_if_its_model_is_pinned(catalogue: Catalogue, started: list[str]) -> None:
    async def scene() -> None:
        models = residency(catalogue)
        models.set_pinned("a", pinned=True)
        for name in ("a", "b"):
            await (await models.load(catalogue.find(name))).child.end()
            assert not models.is_loaded(catalogue.find(name))
        await wait_until(lambda: models.is_loaded(catalogue.find("a")))
        assert (2, 1) == (started.count("a"), started.count("b"))
        assert ["a"] == [loaded.model.id for loaded in models.loaded_models()]
        await models.close()

    asyncio.run(scene())


def test_models_of_other_weights_are_loaded_again(catalogue: Catalogue, started: list[str]) -> None:
    async def scene() -> None:
        models, older = residency(catalogue), catalogue.find("a")
        newer: Model = msgspec.structs.replace(older, sha256="newer")
        await models.load(older)
        assert not models.is_loaded(newer)
        await models.load(newer)

        assert (False, True) == (models.is_loaded(older), models.is_loaded(newer))
        await models.close()

    asyncio.run(scene())


def test_the_users_of_a_model_that_is_unloaded_during_its_loading_get_an_error(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(*_arguments: object, **_options: object) -> IdleChild:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(ChildProcess, "start", start)

    async def scene() -> None:
        models = residency(catalogue)
        loading = asyncio.create_task(models.load(catalogue.find("a")))
        await wait_until(lambda: models.device_of(catalogue.find("a")) == "cpu")
        assert models.is_loading("a")

        assert await models.unload("a")
        with pytest.raises(ModelUnavailable, match="unloaded while it was being loaded"):
            await loading
        assert not await models.unload("a")
        assert models.device_of(catalogue.find("a")) is None

    asyncio.run(scene())


def test_after_closing_no_process_is_left(catalogue: Catalogue, started: list[str]) -> None:
    async def scene() -> None:
        models = residency(catalogue)
        models.set_pinned("a", pinned=True)
        models.start()
        await wait_until(lambda: models.is_loaded(catalogue.find("a")))
        loaded = models.loaded_models()
        await models.close()

        assert [False] == [model.child.alive for model in loaded]
        assert [] == models.loaded_models()

    asyncio.run(scene())
    assert ["a"] == started
