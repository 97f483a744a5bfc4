"""Which known model suits which machine."""

import pytest

from models.errors import ModelUnknown
from models.known import KNOWN, find_known, recommend
from models.planner.plan import Budget, Wish

GIB = 2**30
GPU = Wish(context=8192, gpu_backends=("llama_cpp",))


def best(ram: float, *gpus: float, threads: int = 4) -> str | None:
    budget = Budget(
        ram=int(ram * GIB), gpus={index: int(free * GIB) for index, free in enumerate(gpus)}, threads=threads
    )
    return next((each.model.name for each in recommend(budget, GPU) if each.best), None)


def test_each_known_model_states_licence_size_source_and_shape() -> None:
    assert len({model.name for model in KNOWN}) == len(KNOWN)
    for model in KNOWN:
        assert model.licence
        assert model.url.startswith("https://")
        assert model.url.endswith(".gguf")
        assert 0.5 < model.size / (model.parameters * 5 / 8) < 1.7
        assert model.heads % model.kv_heads == 0


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


def test_an_unknown_name_is_told_the_known_ones() -> None:
    assert find_known("QWEN2.5-7b").parameters > 7_000_000_000
    with pytest.raises(ModelUnknown, match=r"llama-3\.2-1b"):
        find_known("gpt-5")
