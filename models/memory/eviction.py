"""The eviction policy: whether a model can be loaded now, and which model is evicted for it first.

Models that are in use or pinned are never evicted. The least recently used of the other models is evicted first.
"""

from collections.abc import Callable, Sequence

import msgspec

from models.catalogue.model import Model, ModelRole
from models.errors import DoesNotFit, ModelUnavailable
from models.memory.plan import LoadPlan, PlacedModel
from models.memory.planner import plan_score

# A function that returns the plan for a new model if the given models were evicted. If the new model would still not fit,
# the function returns the reason.
PlanWithout = Callable[[Sequence[PlacedModel]], LoadPlan | DoesNotFit]


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded model and how it is used. `last_used` is in seconds since 1970."""

    placed: PlacedModel
    last_used: float
    in_use: bool
    pinned: bool


class LoadNow(msgspec.Struct, frozen=True):
    """The model can be loaded at once, with this plan."""

    plan: LoadPlan


class EvictFirst(msgspec.Struct, frozen=True):
    """The model `placed` must be evicted. Afterwards the next step is chosen again."""

    placed: PlacedModel


class WaitForUse(msgspec.Struct, frozen=True):
    """The model must wait until another model is loaded, or is no longer in use."""


Step = LoadNow | EvictFirst | WaitForUse


def next_step(
    model: Model,
    *,
    loaded: Sequence[ModelUse],
    loading: Sequence[PlacedModel],
    max_loaded: int,
    plan_without: PlanWithout,
) -> Step:
    """Return the next step for loading `model`. At most `max_loaded` models of its role may be loaded at the same time.

    Raises DoesNotFit if the model would not fit even if all models without a pin were evicted. Raises ModelUnavailable
    if `max_loaded` models of its role are pinned.
    """
    idle = evictable(loaded)
    idle_of_role = [placed for placed in idle if placed.model.role is model.role]
    if _is_role_full(model.role, loaded, loading, max_loaded):
        if idle_of_role:
            return EvictFirst(idle_of_role[0])
        _check_pins(model.role, loaded, loading, max_loaded)
        return WaitForUse()
    plan = plan_without(())
    if isinstance(plan, LoadPlan):
        # To get a better plan, only models of the same role are evicted: a search must not take the chat model's GPU.
        if idle_of_role and _is_better(plan_without(idle_of_role), plan):
            return EvictFirst(idle_of_role[0])
        return LoadNow(plan)
    if idle and isinstance(plan_without(idle), LoadPlan):
        return EvictFirst(idle[0])
    unpinned = [use.placed for use in loaded if not use.pinned]
    if not loading and isinstance(plan_without(unpinned), DoesNotFit):
        raise plan
    return WaitForUse()


def evictable(loaded: Sequence[ModelUse]) -> list[PlacedModel]:
    """Return the models that may be evicted, the least recently used first."""
    idle = [use for use in loaded if not use.in_use and not use.pinned]
    return [use.placed for use in sorted(idle, key=lambda use: use.last_used)]


def _is_role_full(role: ModelRole, loaded: Sequence[ModelUse], loading: Sequence[PlacedModel], max_loaded: int) -> bool:
    roles = [placed.model.role for placed in (*(use.placed for use in loaded), *loading)]
    return roles.count(role) >= max_loaded


def _check_pins(role: ModelRole, loaded: Sequence[ModelUse], loading: Sequence[PlacedModel], max_loaded: int) -> None:
    """Check that at least one model of the role is not pinned: otherwise waiting would not help. Raises ModelUnavailable."""
    is_one_loading = any(placed.model.role is role for placed in loading)
    if not is_one_loading and all(use.pinned for use in loaded if use.placed.model.role is role):
        raise ModelUnavailable(
            f"At most {max_loaded} models for {role.value} may be loaded, and all of them are pinned. Unpin one "
            "(`lampstand models pin --off NAME`) or increase `max_loaded` in runtime.toml."
        )


def _is_better(plan: LoadPlan | DoesNotFit, than: LoadPlan) -> bool:
    """Return whether `plan` is better than the plan `than`: only it has a useful context, or it has more layers on GPUs."""
    return isinstance(plan, LoadPlan) and plan_score(plan)[:2] > plan_score(than)[:2]
