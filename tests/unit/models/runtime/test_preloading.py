"""Which models are loaded without a request, and how often a load is retried."""

import asyncio
from pathlib import Path

import pytest
from fakes.placed_models import made_up_model

from models.catalogue.cached_reads import CachedReads
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model, ModelRole
from models.catalogue.registry import Registry
from models.errors import DoesNotFit, ModelCrashed, ModelError, ModelUnavailable
from models.runtime.preloading import PreloadPolicy, load_with_retries
from models.settings import RoleSettings, RuntimeSettings, Strategy

MODEL = made_up_model("m")


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Two chat models. The second is newer."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    registry = Registry(tmp_path, CachedReads())
    for added_at, name in ((1, "older"), (2, "newer")):
        (tmp_path / name).touch()
        registry.add(
            Model(
                id=name,
                role=ModelRole.CHAT,
                backend="llama_cpp",
                path=str(tmp_path / name),
                size=0,
                sha256="",
                licence="",
                source="",
                added_at=added_at,
            )
        )
    return Catalogue(tmp_path)


def policy(catalogue: Catalogue, strategy: Strategy, name: str = "") -> PreloadPolicy:
    return PreloadPolicy(catalogue, RuntimeSettings(chat=RoleSettings(strategy=strategy, model=name)))


def test_lazy_models_are_loaded_for_requests_only(catalogue: Catalogue) -> None:
    assert set() == policy(catalogue, Strategy.LAZY).names_at_start()


@pytest.mark.parametrize("strategy", [Strategy.EAGER, Strategy.PINNED])
def test_the_named_or_the_newest_model_of_a_role_is_loaded_at_start(catalogue: Catalogue, strategy: Strategy) -> None:
    assert {"newer"} == policy(catalogue, strategy).names_at_start()
    assert {"older"} == policy(catalogue, strategy, "older").names_at_start()


def test_models_are_pinned_by_people_or_by_settings_but_eager_models_are_not_pinned(catalogue: Catalogue) -> None:
    older, newer = catalogue.find("older"), catalogue.find("newer")
    catalogue.set_pinned("older", pinned=True)
    pinned, eager = policy(catalogue, Strategy.PINNED), policy(catalogue, Strategy.EAGER)

    assert (True, True) == (pinned.is_pinned(older), pinned.is_pinned(newer))
    assert (True, False) == (eager.is_pinned(older), eager.is_pinned(newer))
    assert {"older", "newer"} == eager.names_at_start()


class Loads:
    """Fails with the errors one after another, then loads."""

    def __init__(self, *errors: ModelError) -> None:
        self.errors, self.count = list(errors), 0

    async def __call__(self, _model: Model) -> None:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)


def test_a_temporary_failure_is_retried_with_longer_and_longer_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    loads = Loads(*[ModelCrashed("died")] * 4, *[DoesNotFit("too large")] * 4)
    asyncio.run(load_with_retries(MODEL, loads))

    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses
    assert 9 == loads.count


def test_a_permanent_failure_is_not_retried() -> None:
    loads = Loads(ModelUnavailable("no library"))
    asyncio.run(load_with_retries(MODEL, loads))

    assert 1 == loads.count
