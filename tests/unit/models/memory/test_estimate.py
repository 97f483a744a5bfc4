"""The estimated memory of a model: from its layers if it can be split, else from the size of its weights."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.formats.facts import Facts, Layers
from models.memory.estimate import CUDA_CONTEXT, PROCESS, gguf_need, whole_need
from models.memory.plan import Need

KIB, MIB, GIB = 2**10, 2**20, 2**30
# Two layers of different sizes.
LAYERS = Layers(
    blocks=[100 * MIB, 200 * MIB],
    kv_per_token=[2048, 1024],
    output=50 * MIB,
    embedding=30 * MIB,
    width=1024,
    feed_forward=4096,
    vocabulary=32_000,
    heads=16,
    trained_context=8192,
)

sizes = st.integers(0, 2 * GIB)


@st.composite
def layers(draw: st.DrawFn) -> Layers:
    blocks = draw(st.lists(sizes, min_size=1, max_size=8))
    return Layers(
        blocks=blocks,
        kv_per_token=draw(st.lists(st.integers(0, 8192), min_size=len(blocks), max_size=len(blocks))),
        output=draw(sizes),
        embedding=draw(sizes),
        width=draw(st.integers(1, 8192)),
        feed_forward=draw(st.integers(1, 32_768)),
        vocabulary=draw(st.integers(1, 256_000)),
        heads=1,
        trained_context=8192,
    )


@st.composite
def layers_and_split(draw: st.DrawFn) -> tuple[Layers, dict[int, int]]:
    """Return layers, and a number of them for each of up to three GPUs. The output counts as a layer."""
    drawn = draw(layers())
    free = len(drawn.blocks) + 1
    split = {}
    for gpu in range(draw(st.integers(0, 3))):
        if free:
            split[gpu] = draw(st.integers(1, free))
            free -= split[gpu]
    return drawn, split


contexts = st.integers(1, 131_072)


def need_of(
    model: Layers = LAYERS, *, context: int = 512, cache_type: str = "f16", gpu_split: dict[int, int] | None = None
) -> Need:
    return gguf_need(model, context=context, cache_type=cache_type, gpu_split=gpu_split or {})


def total(need: Need) -> int:
    return need.ram + sum(need.gpus.values())


@settings(deadline=None, max_examples=30)
@given(layers_and_split(), contexts, st.sampled_from(["f16", "q8_0"]))
def test_the_parts_by_place_and_by_purpose_have_the_same_sum(
    model: tuple[Layers, dict[int, int]], context: int, cache_type: str
) -> None:
    need = need_of(model[0], context=context, cache_type=cache_type, gpu_split=model[1])

    assert total(need) == need.weights + need.kv_cache + need.compute + need.process


@settings(deadline=None, max_examples=30)
@given(layers_and_split(), contexts, contexts)
def test_a_longer_context_never_needs_less_memory(
    model: tuple[Layers, dict[int, int]], context: int, more: int
) -> None:
    shorter = need_of(model[0], context=context, gpu_split=model[1])
    longer = need_of(model[0], context=context + more, gpu_split=model[1])

    assert longer.ram >= shorter.ram
    assert all(longer.gpus[gpu] >= used for gpu, used in shorter.gpus.items())


@settings(deadline=None, max_examples=30)
@given(layers())
def test_more_layers_on_a_gpu_never_need_more_main_memory_or_less_of_the_gpu(model: Layers) -> None:
    needs = [need_of(model, gpu_split={0: count} if count else {}) for count in range(len(model.blocks) + 2)]

    assert sorted((need.ram for need in needs), reverse=True) == [need.ram for need in needs]
    assert sorted(need.gpus.get(0, 0) for need in needs) == [need.gpus.get(0, 0) for need in needs]


def test_the_weights_are_all_parts_of_the_model() -> None:
    assert (100 + 200 + 50 + 30) * MIB == need_of().weights


@pytest.mark.parametrize(("context", "tokens"), [(1, 256), (256, 256), (257, 512), (512, 512), (8192, 8192)])
def test_the_cache_is_for_the_context_rounded_up_to_256_tokens(context: int, tokens: int) -> None:
    # 2 bytes for each of the 2,048 + 1,024 numbers per token.
    assert 6 * KIB * tokens == need_of(context=context).kv_cache


def test_a_cache_of_eight_bits_needs_little_more_than_half() -> None:
    # 34 bytes for 32 numbers.
    assert 3072 * 34 // 32 * 512 == need_of(cache_type="q8_0").kv_cache


def test_the_compute_buffer_has_the_activations_and_the_mask_of_a_batch() -> None:
    activations = 256 * (32_000 + 3 * 4096 + 4 * 1024) * 4
    mask = 2 * 256 * 512 * 2

    assert activations + mask == need_of().compute


def test_without_a_gpu_all_is_in_main_memory() -> None:
    need = need_of()

    assert {} == need.gpus
    assert PROCESS["llama_cpp"] == need.process


def test_a_gpu_gets_the_last_layers_with_their_cache() -> None:
    compute = need_of().compute
    need = need_of(gpu_split={0: 2})

    # The output and the second layer, whose cache has 1,024 numbers of 2 bytes for 512 tokens.
    assert {0: (50 + 200 + 1) * MIB + compute + CUDA_CONTEXT} == need.gpus
    assert (100 + 2 + 30) * MIB + compute + PROCESS["llama_cpp"] == need.ram


def test_the_first_of_two_gpus_gets_the_earlier_layers() -> None:
    need = need_of(gpu_split={0: 1, 1: 2})
    on_each = need_of().compute + CUDA_CONTEXT

    assert {0: (100 + 2) * MIB + on_each, 1: (200 + 1 + 50) * MIB + on_each} == need.gpus


def test_with_all_layers_on_gpus_main_memory_has_only_the_embedding_and_its_buffer() -> None:
    lookup = 256 * (1024 + 32_000) * 4

    assert 30 * MIB + lookup + PROCESS["llama_cpp"] == need_of(gpu_split={0: 3}).ram


def facts(backend: str, weights: int = GIB) -> Facts:
    return Facts(role="embed", backend=backend, weights=weights)


@pytest.mark.parametrize(
    ("backend", "ram"),
    [
        # Two copies of the weights, 128 MiB for a pass, and the process.
        ("onnx", 2 * GIB + 128 * MIB + 160 * MIB),
        ("sentence_transformers", 2 * GIB + 128 * MIB + 640 * MIB),
        ("cross_encoder", 2 * GIB + 128 * MIB + 640 * MIB),
        # One copy, and a tenth for the rest.
        ("ctransformers", int(1.1 * GIB) + 128 * MIB + 96 * MIB),
        ("another", int(1.1 * GIB) + 128 * MIB + 96 * MIB),
    ],
)
def test_a_model_without_layers_needs_its_weights_a_pass_and_its_process(backend: str, ram: int) -> None:
    need = whole_need(facts(backend))

    assert (ram, {}) == (need.ram, need.gpus)
    assert total(need) == need.weights + need.compute + need.process


def test_a_model_without_layers_is_on_one_gpu_and_its_weights_are_read_through_main_memory() -> None:
    need = whole_need(facts("sentence_transformers"), gpus=[1, 0])

    assert {1: GIB + 128 * MIB + CUDA_CONTEXT} == need.gpus
    assert 640 * MIB + GIB == need.ram


@settings(deadline=None, max_examples=30)
@given(sizes, sizes)
def test_larger_weights_never_need_less_memory(weights: int, more: int) -> None:
    smaller, larger = facts("onnx", weights), facts("onnx", weights + more)

    assert whole_need(larger).ram >= whole_need(smaller).ram
    assert total(whole_need(larger, [0])) >= total(whole_need(smaller, [0]))
