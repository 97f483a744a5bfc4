"""Choose the best load plan that fits into the memory budget.

Every placement that fits is a candidate. A fixed order decides which candidate is best. So a plan never exceeds its
budget, and more memory never makes the plan worse: more memory only adds candidates.
"""

import itertools
from collections.abc import Iterator, Mapping

from models.errors import DoesNotFit
from models.formats.facts import Facts, Layers
from models.memory.estimate import gguf_need, whole_need
from models.memory.plan import CPU, Budget, LoadPlan, Need, PlanOptions, format_size

# With a smaller context than this, answers from passages get worse. Rather than a smaller context, a plan chooses to keep
# some layers on the processor.
USEFUL_CONTEXT = 4096
MIN_CONTEXT = 1024
# The share of the remaining memory that the states of earlier conversations may use.
PREFIX_SHARE = 0.25


def choose_plan(model: str, facts: Facts, budget: Budget, options: PlanOptions) -> LoadPlan:
    """Return the best plan for a model. Raises DoesNotFit with the needed and the available sizes."""
    usable = budget if facts.backend in options.gpu_backends else Budget(ram=budget.ram, threads=budget.threads)
    if facts.layers is None:
        return _whole(model, facts, budget, usable)
    layers = facts.layers
    max_context = min(options.context, layers.trained_context)
    best: tuple[int, Mapping[int, int], Need] | None = None
    for context in _contexts(max_context):
        for split in _splits(layers, usable, context, options.cache_type):
            need = gguf_need(layers, context=context, cache_type=options.cache_type, gpu_split=split)
            if need.fits(usable) and (best is None or _score(context, split) > _score(best[0], best[1])):
                best = context, split, need
    if best is None:
        raise DoesNotFit(_refusal(model, layers, max_context, options, usable))
    context, split, need = best
    ram_left = budget.ram - need.ram
    return LoadPlan(
        model=model,
        device=_device(split),
        need=need,
        budget=budget,
        context=context,
        cache_type=options.cache_type,
        layers=len(layers.blocks) + 1,
        gpu_indices=tuple(split),
        gpu_layers=tuple(split.values()),
        threads=budget.threads,
        prefix_bytes=min(options.prefix_bytes, int(ram_left * PREFIX_SHARE)),
        reasons=_reasons(facts, layers, options, budget, usable, context, split),
    )


def _contexts(max_context: int) -> Iterator[int]:
    context = max_context
    while True:
        yield context
        if context <= MIN_CONTEXT:
            return
        context = max(MIN_CONTEXT, context // 2)


def _splits(layers: Layers, budget: Budget, context: int, cache_type: str) -> Iterator[Mapping[int, int]]:
    """Yield the placements to try: no GPU, each number of layers on one GPU, and layers shared by several GPUs."""
    yield {}
    units = len(layers.blocks) + 1
    for gpu, count in itertools.product(sorted(budget.gpus), range(1, units + 1)):
        yield {gpu: count}
    if len(budget.gpus) > 1:
        yield from _shared(layers, budget, context, cache_type)


def _shared(layers: Layers, budget: Budget, context: int, cache_type: str) -> Iterator[Mapping[int, int]]:
    """Yield one placement on several GPUs for each number of layers.

    The last GPU gets as many of the last layers as fit, then the GPU before it, and so on.
    """
    units = len(layers.blocks) + 1
    for total in range(2, units + 1):
        split: dict[int, int] = {}
        layers_left = total
        for gpu in sorted(budget.gpus, reverse=True):
            count = layers_left
            while count and not _fits_on(layers, budget, context, cache_type, gpu, count, already=total - layers_left):
                count -= 1
            if count:
                split[gpu] = count
                layers_left -= count
        if not layers_left and len(split) > 1:
            yield dict(sorted(split.items()))


def _fits_on(
    layers: Layers, budget: Budget, context: int, cache_type: str, gpu: int, count: int, *, already: int
) -> bool:
    # The index -1 represents all GPUs that already have the later layers.
    split = {gpu: count, -1: already} if already else {gpu: count}
    need = gguf_need(layers, context=context, cache_type=cache_type, gpu_split=split)
    return need.gpus[gpu] <= budget.gpus[gpu]


def _score(context: int, split: Mapping[int, int]) -> tuple[bool, int, int, int]:
    return context >= USEFUL_CONTEXT, sum(split.values()), context, -len(split)


def plan_score(plan: LoadPlan) -> tuple[bool, int, int, int]:
    """Return the score of a plan: a useful context, then layers on GPUs, then a longer context, then fewer GPUs."""
    return _score(plan.context, dict(zip(plan.gpu_indices, plan.gpu_layers, strict=True)))


def _whole(model: str, facts: Facts, budget: Budget, usable: Budget) -> LoadPlan:
    for gpu in sorted(usable.gpus, key=lambda index: -usable.gpus[index]):
        need = whole_need(facts, [gpu])
        if need.fits(usable):
            reason = f"The model fits completely on GPU {gpu}."
            return LoadPlan(
                model=model,
                device=f"gpu{gpu}",
                need=need,
                budget=budget,
                reasons=[reason],
                gpu_indices=(gpu,),
                gpu_layers=(1,),
                layers=1,
                threads=budget.threads,
            )
    need = whole_need(facts)
    if not need.fits(usable):
        raise DoesNotFit(
            f"{model} needs {format_size(need.ram)} of memory (weights {format_size(need.weights)}, a pass "
            f"{format_size(need.compute)}, its process {format_size(need.process)}), but only {format_size(usable.ram)} may be "
            "used. Choose a smaller model, or free some memory."
        )
    reasons = ["The model runs on the processor."]
    if budget.gpus:
        reasons = [f"The model runs on the processor: {_why_no_gpu(facts, budget, usable)}"]
    return LoadPlan(model=model, device=CPU, need=need, budget=budget, reasons=reasons, threads=budget.threads)


def _device(split: Mapping[int, int]) -> str:
    return "+".join(f"gpu{gpu}" for gpu in split) or CPU


def _reasons(
    facts: Facts,
    layers: Layers,
    options: PlanOptions,
    budget: Budget,
    usable: Budget,
    context: int,
    split: Mapping[int, int],
) -> list[str]:
    units, offloaded = len(layers.blocks) + 1, sum(split.values())
    reasons = []
    if offloaded == units:
        reasons.append(f"All {units} layers fit on {_device(split)}.")
    elif offloaded:
        reasons.append(f"{offloaded} of {units} layers fit on {_device(split)}; the processor computes the others.")
    else:
        reasons.append(
            f"The model runs on the processor{f': {_why_no_gpu(facts, budget, usable)}' if budget.gpus else '.'}"
        )
    if context < min(options.context, layers.trained_context):
        reasons.append(
            f"The context is {context:,} tokens instead of {options.context:,}, because a longer one does not fit."
        )
    elif context < options.context:
        reasons.append(f"The context is {context:,} tokens, the maximum that the model was trained for.")
    return reasons


def _why_no_gpu(facts: Facts, budget: Budget, usable: Budget) -> str:
    if not usable.gpus:
        return f"the library of {facts.backend} is not built for a GPU."
    largest = max(budget.gpus.values())
    return f"not even one layer with its buffers fits into the {format_size(largest)} of a GPU that may be used."


def _refusal(model: str, layers: Layers, max_context: int, options: PlanOptions, budget: Budget) -> str:
    context = min(max_context, MIN_CONTEXT)
    need = gguf_need(layers, context=context, cache_type=options.cache_type, gpu_split={})
    gpus = "".join(f", {format_size(free)} of GPU {index}" for index, free in sorted(budget.gpus.items()))
    return (
        f"{model} needs {format_size(need.ram)} of memory even with a context of {context:,} tokens (weights "
        f"{format_size(need.weights)}, KV cache {format_size(need.kv_cache)}, compute buffer {format_size(need.compute)}, its "
        f"process {format_size(need.process)}), but only {format_size(budget.ram)} of memory{gpus} may be used. Choose a "
        "smaller model or quantisation (`lampstand models recommend`), or free some memory."
    )
