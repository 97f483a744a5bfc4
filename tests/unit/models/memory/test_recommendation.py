"""The recommended model for different machines."""

import pytest

from models.memory.plan import Budget, PlanOptions
from models.memory.recommendation import recommend

GIB = 2**30
GPU = PlanOptions(context=8192, gpu_backends=("llama_cpp",))


def best(ram: float, *gpus: float, threads: int = 4) -> str | None:
    budget = Budget(
        ram=int(ram * GIB), gpus={index: int(free * GIB) for index, free in enumerate(gpus)}, threads=threads
    )
    return next((recommendation.model.name for recommendation in recommend(budget, GPU) if recommendation.best), None)


@pytest.mark.parametrize(
    ("ram", "gpus", "threads", "expected"),
    [
        (0.3, (), 4, None),
        (2.0, (), 2, "qwen2.5-1.5b"),
        (5.0, (), 4, "llama-3.2-3b"),
        (12.0, (), 4, "llama-3.2-3b"),
        (12.0, (), 16, "qwen2.5-14b"),
        (12.0, (7.0,), 4, "llama-3.1-8b"),
        (12.0, (14.0,), 4, "qwen2.5-14b"),
    ],
)
def test_machines_of_each_size_get_a_recommendation_that_is_quick(
    ram: float, gpus: tuple[float, ...], threads: int, expected: str | None
) -> None:
    assert expected == best(ram, *gpus, threads=threads)


def test_a_model_that_does_not_fit_has_a_reason() -> None:
    judged = recommend(Budget(ram=GIB, threads=2), GPU)

    assert any(recommendation.plan is None and "needs" in recommendation.why for recommendation in judged)
