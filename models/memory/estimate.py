"""Estimate the memory of a model from the shapes of its tensors.

The compute buffer is the memory that llama.cpp reserves for one batch: the largest activations of a layer, the logits
and the attention mask. The constants were fitted to the sizes that llama.cpp logs for models of many shapes. The
estimate is intentionally a little too high.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models.formats.facts import Facts, Layers
from models.memory.plan import CACHE_BYTES, Need

MIB = 2**20
PROMPT_BATCH = 256
# llama.cpp rounds a context up to this many tokens.
CONTEXT_STEP = 256
_FLOAT = 4
# The memory of a process without its model, by backend: the interpreter and the backend's library.
PROCESS: Mapping[str, int] = MappingProxyType(
    {
        "llama_cpp": 96 * MIB,
        "ctransformers": 96 * MIB,
        "onnx": 160 * MIB,
        "sentence_transformers": 640 * MIB,
        "cross_encoder": 640 * MIB,
    }
)
# For each backend, how many copies of the weights are in memory. Below: the memory of a pass.
_COPIES: Mapping[str, float] = MappingProxyType({"onnx": 2.0, "sentence_transformers": 2.0, "cross_encoder": 2.0})
_PASS = 128 * MIB
# The GPU memory that CUDA reserves for each process.
CUDA_CONTEXT = 400 * MIB


def gguf_need(layers: Layers, *, context: int, cache_type: str, gpu_split: Mapping[int, int]) -> Need:
    """Return the memory that a GGUF model needs. `gpu_split` has the number of layers per GPU, taken from the model's end.

    The output counts as the last layer.
    """
    context = math.ceil(context / CONTEXT_STEP) * CONTEXT_STEP
    kv = [math.ceil(numbers * CACHE_BYTES[cache_type]) * context for numbers in layers.kv_per_token]
    parts = [weights + cache for weights, cache in zip(layers.blocks, kv, strict=True)] + [layers.output]
    compute = _compute(layers, context)
    offloaded = sum(gpu_split.values())
    first = len(parts) - offloaded
    gpus: dict[int, int] = {}
    for gpu, count in gpu_split.items():
        gpus[gpu] = sum(parts[first : first + count]) + compute + CUDA_CONTEXT
        first += count
    on_cpu = parts[: len(parts) - offloaded]
    # If no layer is on the processor, the processor only looks up embeddings and needs no buffers for layers.
    cpu_compute = compute if on_cpu else PROMPT_BATCH * (layers.width + layers.vocabulary) * _FLOAT
    process = PROCESS["llama_cpp"]
    return Need(
        ram=sum(on_cpu) + layers.embedding + cpu_compute + process,
        gpus=gpus,
        weights=sum(layers.blocks) + layers.output + layers.embedding,
        kv_cache=sum(kv),
        compute=compute * len(gpu_split) + cpu_compute,
        process=process + CUDA_CONTEXT * len(gpu_split),
    )


def _compute(layers: Layers, context: int) -> int:
    activations = PROMPT_BATCH * (layers.vocabulary + 3 * layers.feed_forward + 4 * layers.width) * _FLOAT
    mask = 2 * PROMPT_BATCH * context * 2
    return activations + mask


def whole_need(facts: Facts, gpus: Sequence[int] = ()) -> Need:
    """Return the memory that a model needs if it cannot be split. It is on the first of `gpus`, or else in main memory."""
    process = PROCESS.get(facts.backend, 96 * MIB)
    weights = int(facts.weights * _COPIES.get(facts.backend, 1.1))
    if gpus:
        on_card = facts.weights + _PASS + CUDA_CONTEXT
        return Need(
            ram=process + facts.weights,
            gpus={gpus[0]: on_card},
            weights=facts.weights,
            compute=_PASS,
            process=process + CUDA_CONTEXT,
        )
    return Need(ram=weights + _PASS + process, weights=weights, compute=_PASS, process=process)
