"""The eviction policy, without any process."""

from collections.abc import Sequence

import pytest
from fakes.placed_models import made_up_model, made_up_plan, placed_model

from models.catalogue.model import ModelRole
from models.errors import DoesNotFit, ModelUnavailable
from models.memory.eviction import EvictFirst, LoadNow, ModelUse, PlanWithout, Step, WaitForUse, evictable, next_step
from models.memory.plan import LoadPlan, PlacedModel

NEW = made_up_model("new")
ON_CPU = made_up_plan("new")
ON_GPU = made_up_plan("new", gpus={0: 1}, layers=10)
REFUSAL = DoesNotFit("new needs more.")


def use(
    name: str,
    *,
    role: ModelRole = ModelRole.CHAT,
    last_used: float = 0.0,
    in_use: bool = False,
    pinned: bool = False,
) -> ModelUse:
    return ModelUse(placed=placed_model(name, role=role), last_used=last_used, in_use=in_use, pinned=pinned)


def always(outcome: LoadPlan | DoesNotFit) -> PlanWithout:
    return lambda _evicted: outcome


def fits_without(*names: str) -> PlanWithout:
    """The new model fits if at least these models are evicted."""

    def plan(evicted: Sequence[PlacedModel]) -> LoadPlan | DoesNotFit:
        return ON_CPU if set(names) <= {placed.model.id for placed in evicted} else REFUSAL

    return plan


def step(
    *loaded: ModelUse,
    loading: Sequence[PlacedModel] = (),
    max_loaded: int = 10,
    plan_without: PlanWithout = always(ON_CPU),
) -> Step:
    return next_step(NEW, loaded=loaded, loading=loading, max_loaded=max_loaded, plan_without=plan_without)


def evicted(outcome: Step) -> str:
    assert isinstance(outcome, EvictFirst)
    return outcome.placed.model.id


def test_a_model_that_fits_is_loaded() -> None:
    assert LoadNow(ON_CPU) == step()
    assert LoadNow(ON_CPU) == step(use("other"), loading=[placed_model("third")])


def test_idle_models_without_a_pin_are_evicted_the_least_recently_used_first() -> None:
    loaded = [
        use("newer", last_used=2),
        use("used", in_use=True),
        use("pinned", pinned=True),
        use("older", last_used=1),
    ]

    assert ["older", "newer"] == [placed.model.id for placed in evictable(loaded)]


def test_a_full_role_evicts_its_least_recently_used_model_even_with_free_memory() -> None:
    search = use("search", role=ModelRole.EMBED, last_used=0)

    assert "older" == evicted(step(search, use("newer", last_used=2), use("older", last_used=1), max_loaded=2))


def test_models_of_another_role_do_not_count() -> None:
    assert LoadNow(ON_CPU) == step(use("search", role=ModelRole.EMBED), max_loaded=1)


def test_a_load_waits_if_all_models_of_a_full_role_are_in_use_or_loading() -> None:
    assert WaitForUse() == step(use("used", in_use=True), max_loaded=1)
    assert WaitForUse() == step(loading=[placed_model("coming")], max_loaded=1)
    assert WaitForUse() == step(use("pinned", pinned=True), loading=[placed_model("coming")], max_loaded=2)
    assert WaitForUse() == step(use("pinned", pinned=True), use("used", in_use=True), max_loaded=2)


def test_the_error_of_a_role_with_only_pinned_models_has_a_remedy() -> None:
    with pytest.raises(
        ModelUnavailable, match=r"At most 2 models for chat may be loaded, and all of them are pinned\. Unpin one"
    ):
        step(use("one", pinned=True), use("two", pinned=True, in_use=True), max_loaded=2)


def test_a_model_without_memory_evicts_the_least_recently_used_of_any_role() -> None:
    loaded = [use("chat", last_used=2), use("search", role=ModelRole.EMBED, last_used=1)]

    assert "search" == evicted(step(*loaded, plan_without=fits_without("chat")))


def test_no_model_is_evicted_if_that_would_not_help() -> None:
    loaded = [use("idle"), use("used", in_use=True)]

    assert WaitForUse() == step(*loaded, plan_without=fits_without("used"))


def test_a_load_waits_for_memory_of_models_in_use_or_loading() -> None:
    assert WaitForUse() == step(use("used", in_use=True), plan_without=fits_without("used"))
    assert WaitForUse() == step(loading=[placed_model("coming")], plan_without=always(REFUSAL))


def test_a_model_that_does_not_fit_beside_pinned_models_is_refused_with_the_reason() -> None:
    with pytest.raises(DoesNotFit, match="new needs more"):
        step(use("pinned", pinned=True), use("used", in_use=True), plan_without=fits_without("pinned"))


def test_an_idle_model_of_the_same_role_is_evicted_for_a_better_plan() -> None:
    def better_without_old(evicted: Sequence[PlacedModel]) -> LoadPlan:
        return ON_GPU if "old" in {placed.model.id for placed in evicted} else ON_CPU

    assert "old" == evicted(step(use("old"), plan_without=better_without_old))
    assert LoadNow(ON_CPU) == step(use("old", in_use=True), plan_without=better_without_old)
    assert LoadNow(ON_CPU) == step(use("old", role=ModelRole.EMBED), plan_without=better_without_old)


def test_no_model_is_evicted_for_a_plan_that_is_not_better() -> None:
    assert LoadNow(ON_GPU) == step(use("old"), plan_without=always(ON_GPU))
