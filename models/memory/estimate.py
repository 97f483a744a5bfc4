"""How much memory a model takes, from the shapes of its tensors.

The compute buffer is what llama.cpp reserves for one batch: the widest activations of a layer, the logits, the mask.
Constants were fitted to the sizes it logs for models of many shapes; the estimate is meant to be a little too high.
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
# What a process takes before its model: the interpreter and the library of its backend.
PROCESS: Mapping[str, int] = MappingProxyType(
    {
        "llama_cpp": 96 * MIB,
        "ctransformers": 96 * MIB,
        "onnx": 160 * MIB,
        "sentence_transformers": 640 * MIB,
        "cross_encoder": 640 * MIB,
    }
)
# How often weights stand in memory once they are loaded, and what a pass takes besides.
_COPIES: Mapping[str, float] = MappingProxyType({"onnx": 2.0, "sentence_transformers": 2.0, "cross_encoder": 2.0})
_PASS = 128 * MIB
# What CUDA keeps on a card for each process that uses it.
CUDA_CONTEXT = 400 * MIB


def gguf_need(layers: Layers, *, context: int, cache_type: str, gpu_split: Mapping[int, int]) -> Need:
    """What a GGUF model takes with `gpu_split` of its last layers on each GPU, the output counted as the last."""
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
    # A processor that only looks up embeddings needs no room for layers.
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
    """What a model takes that is loaded whole or not at all: on a GPU if one is named, else in memory."""
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
