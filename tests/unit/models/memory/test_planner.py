"""Plans: never over the budget, never worse with more memory, and refusals with the sizes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import DoesNotFit
from models.formats.facts import Facts, Layers
from models.memory.plan import Budget, LoadPlan, PlanOptions, format_size
from models.memory.planner import choose_plan, plan_score

MIB, GIB = 2**20, 2**30

layers = st.builds(
    lambda count, block, kv, ends, trained: Layers(
        blocks=[block] * count,
        kv_per_token=[kv] * count,
        output=ends,
        embedding=ends,
        width=1024,
        feed_forward=4096,
        vocabulary=32_000,
        heads=16,
        trained_context=trained,
    ),
    count=st.integers(1, 12),
    block=st.integers(MIB, 300 * MIB),
    kv=st.integers(0, 8192),
    ends=st.integers(MIB, 400 * MIB),
    trained=st.sampled_from([512, 2048, 8192, 131_072]),
)
facts = st.builds(
    lambda parts: Facts(role="chat", backend="llama_cpp", weights=sum(parts.blocks), layers=parts), layers
)
unsplit_facts = st.builds(
    lambda backend, size: Facts(role="embed", backend=backend, weights=size),
    backend=st.sampled_from(["onnx", "sentence_transformers"]),
    size=st.integers(MIB, 4 * GIB),
)
sizes = st.integers(0, 12 * GIB)
budgets = st.builds(
    lambda ram, gpus: Budget(ram=ram, gpus=dict(enumerate(gpus)), threads=4),
    ram=sizes,
    gpus=st.lists(sizes, max_size=3),
)
OPTIONS = PlanOptions(context=8192, prefix_bytes=256 * MIB, gpu_backends=("llama_cpp", "sentence_transformers"))


def plan_or_none(model: Facts, budget: Budget, options: PlanOptions = OPTIONS) -> LoadPlan | None:
    try:
        return choose_plan("m", model, budget, options)
    except DoesNotFit:
        return None


@given(st.one_of(facts, unsplit_facts), budgets)
@settings(deadline=None)
def test_a_plan_is_never_over_its_budget(model: Facts, budget: Budget) -> None:
    plan = plan_or_none(model, budget)

    if plan:
        assert plan.need.ram + plan.prefix_bytes <= budget.ram
        assert all(used <= budget.gpus[gpu] for gpu, used in plan.need.gpus.items())
        assert set(plan.gpu_indices) == set(plan.need.gpus)
        assert sum(plan.gpu_layers) <= plan.layers


@given(
    st.one_of(facts, unsplit_facts),
    budgets,
    st.integers(0, 4 * GIB),
    st.lists(st.integers(0, 4 * GIB), min_size=3, max_size=3),
)
@settings(deadline=None)
def test_more_memory_never_makes_a_plan_worse(model: Facts, budget: Budget, more_ram: int, more_gpu: list[int]) -> None:
    richer = Budget(
        ram=budget.ram + more_ram, gpus={gpu: free + more_gpu[gpu] for gpu, free in budget.gpus.items()}, threads=4
    )
    before, after = plan_or_none(model, budget), plan_or_none(model, richer)

    if before:
        assert after is not None
        assert plan_score(after) >= plan_score(before)


@given(facts, budgets)
@settings(deadline=None)
def test_the_context_is_at_most_the_setting_and_the_trained_context(model: Facts, budget: Budget) -> None:
    plan = plan_or_none(model, budget)

    if plan:
        assert model.layers is not None
        assert 0 < plan.context <= min(OPTIONS.context, model.layers.trained_context)


def eight_billion() -> Facts:
    """The shape of an 8B Llama 3 in 4 bits."""
    llama_layers = Layers(
        blocks=[135 * MIB] * 32,
        kv_per_token=[2 * 8 * 128] * 32,
        output=411 * MIB,
        embedding=282 * MIB,
        width=4096,
        feed_forward=14_336,
        vocabulary=128_256,
        heads=32,
        trained_context=131_072,
    )
    return Facts(role="chat", backend="llama_cpp", weights=4_900_000_000, layers=llama_layers)


def test_a_machine_without_a_gpu_uses_the_processor() -> None:
    plan = choose_plan("m", eight_billion(), Budget(ram=12 * GIB, threads=8), OPTIONS)

    assert ("cpu", 8192, (), 8) == (plan.device, plan.context, plan.gpu_layers, plan.threads)
    assert plan.need.kv_cache == GIB


def test_with_little_memory_the_context_is_smaller_and_a_reason_says_so() -> None:
    # There is memory for the weights, and for an eighth of the cache.
    plan = choose_plan("m", eight_billion(), Budget(ram=int(5.6 * GIB), threads=4), OPTIONS)

    assert plan.context < 8192
    assert any("instead of 8,192" in reason for reason in plan.reasons)


def test_a_gpu_with_enough_memory_gets_all_layers() -> None:
    plan = choose_plan("m", eight_billion(), Budget(ram=16 * GIB, gpus={0: 10 * GIB}), OPTIONS)

    assert ("gpu0", (33,), 33) == (plan.device, plan.gpu_layers, plan.layers)


def test_a_smaller_gpu_gets_some_layers() -> None:
    plan = choose_plan("m", eight_billion(), Budget(ram=16 * GIB, gpus={0: 4 * GIB}), OPTIONS)

    assert "gpu0" == plan.device
    assert 0 < plan.gpu_layers[0] < 33
    assert any("the processor computes the others" in reason for reason in plan.reasons)


def test_of_two_unequal_gpus_the_one_that_fits_all_layers_is_used() -> None:
    plan = choose_plan("m", eight_billion(), Budget(ram=16 * GIB, gpus={0: 4 * GIB, 1: 10 * GIB}), OPTIONS)

    assert ("gpu1", (33,)) == (plan.device, plan.gpu_layers)


def test_two_gpus_share_a_model_that_fits_on_neither() -> None:
    plan = choose_plan("m", eight_billion(), Budget(ram=16 * GIB, gpus={0: 4 * GIB, 1: 5 * GIB}), OPTIONS)

    assert "gpu0+gpu1" == plan.device
    assert 33 == sum(plan.gpu_layers)


def test_a_library_without_gpu_support_uses_no_gpu_and_a_reason_says_why() -> None:
    options = PlanOptions(context=8192, gpu_backends=())
    plan = choose_plan("m", eight_billion(), Budget(ram=16 * GIB, gpus={0: 24 * GIB}), options)

    assert "cpu" == plan.device
    assert "not built for a GPU" in plan.reasons[0]


def test_a_smaller_cache_type_needs_less_memory() -> None:
    f16, q8 = (
        choose_plan("m", eight_billion(), Budget(ram=12 * GIB), PlanOptions(context=8192, cache_type=kind))
        for kind in ("f16", "q8_0")
    )

    assert q8.need.kv_cache == f16.need.kv_cache * 34 // 64


def test_a_refusal_has_the_sizes_and_a_remedy() -> None:
    with pytest.raises(DoesNotFit) as refused:
        choose_plan("big", eight_billion(), Budget(ram=2 * GIB, gpus={0: GIB}), OPTIONS)

    message = refused.value.message
    assert "big needs 5." in message
    for part in ("weights", "KV cache", "compute buffer", "2.0 GiB of memory", "1.0 GiB of GPU 0", "models recommend"):
        assert part in message


@pytest.mark.parametrize(
    ("size", "words"), [(512, "0 KiB"), (300 * 2**10, "300 KiB"), (5 * MIB, "5 MiB"), (GIB, "1.0 GiB")]
)
def test_sizes_are_formatted(size: int, words: str) -> None:
    assert words == format_size(size)
