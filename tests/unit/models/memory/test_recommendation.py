"""Which published model suits which machine."""

import pytest

from models.memory.plan import Budget, PlanOptions
from models.memory.recommendation import recommend

GIB = 2**30
GPU = PlanOptions(context=8192, gpu_backends=("llama_cpp",))


def best(ram: float, *gpus: float, threads: int = 4) -> str | None:
    budget = Budget(
        ram=int(ram * GIB), gpus={index: int(free * GIB) for index, free in enumerate(gpus)}, threads=threads
    )
    return next((each.model.name for each in recommend(budget, GPU) if each.best), None)


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
def test_machines_of_each_size_get_one_that_answers_quickly(
    ram: float, gpus: tuple[float, ...], threads: int, expected: str | None
) -> None:
    assert expected == best(ram, *gpus, threads=threads)


def test_what_does_not_fit_says_why() -> None:
    judged = recommend(Budget(ram=GIB, threads=2), GPU)

    assert any(each.plan is None and "needs" in each.why for each in judged)
