"""Recommend published chat models for this machine."""

import msgspec

from models.catalogue.published_models import PUBLISHED_MODELS, PublishedModel
from models.errors import DoesNotFit
from models.memory.plan import Budget, LoadPlan, PlanOptions
from models.memory.planner import choose_plan

# On a processor with few cores, models with more parameters answer slower than people read. So they are not recommended.
CPU_PARAMETERS = 4_000_000_000
LARGE_CPU_CORES = 8


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """How a published model runs on this machine.

    `plan` is None if the model does not fit. `quick` is true if the model generates about as fast as people read. `best`
    is true for the recommended model.
    """

    model: PublishedModel
    plan: LoadPlan | None
    quick: bool = False
    best: bool = False
    why: str


def recommend(budget: Budget, options: PlanOptions) -> list[Recommendation]:
    """Return one recommendation per published model. The best model is the largest that is quick on this machine."""
    recommendations = [_judge(model, budget, options) for model in PUBLISHED_MODELS]
    quick = [recommendation for recommendation in recommendations if recommendation.quick]
    best = max(quick, key=lambda recommendation: recommendation.model.parameters, default=None)
    return [msgspec.structs.replace(recommendation, best=recommendation is best) for recommendation in recommendations]


def _judge(model: PublishedModel, budget: Budget, options: PlanOptions) -> Recommendation:
    try:
        plan = choose_plan(model.name, model.facts, budget, options)
    except DoesNotFit as refusal:
        return Recommendation(model=model, plan=None, why=refusal.message)
    quick = _is_quick(model, plan, budget)
    why = plan.reasons[0] if quick else f"{plan.reasons[0]} The model would answer slowly on {budget.threads} cores."
    return Recommendation(model=model, plan=plan, quick=quick, why=why)


def _is_quick(model: PublishedModel, plan: LoadPlan, budget: Budget) -> bool:
    if sum(plan.gpu_layers) == plan.layers:
        return True
    return model.parameters <= CPU_PARAMETERS or budget.threads >= LARGE_CPU_CORES
