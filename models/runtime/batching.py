"""Embed texts of different requests in one pass, with a cache of earlier vectors."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from models.catalogue.model import Model
from models.errors import ModelError
from models.runtime.embedding_cache import EmbeddingCache, normalise
from models.runtime.metrics import Metrics
from models.runtime.residency import Residency
from models.scheduler.device import Device
from models.scheduler.fair_queue import Urgency
from models.scheduler.passes import PassLimits, PassPart

Result = TypeVar("Result")
# Bytes per token in most languages. This estimate affects only the size of passes: the model counts its tokens itself.
BYTES_PER_TOKEN = 4
# The tokens that a model adds at the start and the end of each text.
FRAME_TOKENS = 2


class Batcher:
    """Embeds with the models of a residency. A pass takes the texts that are waiting when it starts, and never waits for more.

    If a model has 8-bit weights, a vector depends a little on the other texts of its pass: by up to 0.01 of cosine.
    """

    def __init__(self, residency: Residency, cache: EmbeddingCache, metrics: Metrics, *, pass_tokens: int) -> None:
        self._residency, self._cache, self._metrics = residency, cache, metrics
        self._pass_tokens = pass_tokens

    def cached(self, model: Model, texts: Sequence[str], urgency: Urgency) -> list[bytes | None]:
        """Return the vector of each text from the cache; None for a text whose vector is not in the cache."""
        remember = _is_cached(urgency)
        return self._cache.get(_weights(model), [normalise(text) for text in texts], remember=remember)

    async def embed(
        self, model: Model, device: Device, texts: Sequence[str], *, urgency: Urgency, user: str
    ) -> tuple[list[bytes], int]:
        """Return one vector per text, and the number of tokens that the model read. Raises ModelError."""
        normalised = [normalise(text) for text in texts]
        limits = self._pass_limits(model)
        # Texts of similar length in one batch need little padding.
        batches = _batches(sorted(set(normalised), key=len), limits.tokens)

        async def embed_batch(number: int) -> tuple[list[bytes], int]:
            batch = batches[number]
            # All parts of a pass have the same urgency.
            part = PassPart(
                model.id,
                batch,
                sum(map(_tokens, batch)),
                lambda payloads: self._pass(model, payloads, urgency),
                limits,
            )
            result: tuple[list[bytes], int] = await device.passes.run_part(
                part, urgency=urgency, user=user, admitted=number > 0
            )
            return result

        vectors: dict[str, bytes] = {}
        tokens = 0
        for batch, (batch_vectors, batch_tokens) in zip(
            batches, await _all_results(embed_batch, len(batches)), strict=True
        ):
            vectors |= zip(batch, batch_vectors, strict=True)
            tokens += batch_tokens
        return [vectors[text] for text in normalised], tokens

    def _pass_limits(self, model: Model) -> PassLimits:
        """Return the limits that the model's process reported. A model that is not loaded gets one pass at a time."""
        properties = self._residency.properties_of(model)
        if properties is None:
            return PassLimits(1, self._pass_tokens)
        return PassLimits(properties.passes, min(self._pass_tokens, properties.pass_tokens or self._pass_tokens))

    async def _pass(
        self, model: Model, payloads: Sequence[list[str]], urgency: Urgency
    ) -> list[tuple[list[bytes], int]]:
        """Embed the texts of several requests in one pass. Return the vectors of each request and its share of the tokens."""
        texts = list(dict.fromkeys(text for payload in payloads for text in payload))
        self._metrics.pass_parts.observe(len(payloads))
        async with self._residency.use(model) as child:
            answer = await child.embed(texts)
        size = len(answer.data) // answer.count
        vectors = [answer.data[at : at + size] for at in range(0, len(answer.data), size)]
        self._metrics.prompt_tokens.labels(model.id).inc(answer.tokens)
        if _is_cached(urgency):
            self._cache.put(_weights(model), texts, vectors)
        by_text = dict(zip(texts, vectors, strict=True))
        total = sum(map(_tokens, texts))
        return [
            ([by_text[text] for text in payload], answer.tokens * sum(map(_tokens, payload)) // max(1, total))
            for payload in payloads
        ]


async def _all_results(work: Callable[[int], Coroutine[Any, Any, Result]], count: int) -> list[Result]:
    """Run `work(0)` to `work(count - 1)` concurrently and return their results. Raises the first error."""
    if count == 1:
        return [await work(0)]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(number)) for number in range(count)]
    except* ModelError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _is_cached(urgency: Urgency) -> bool:
    """Return whether vectors are cached. Programs that embed in bulk store their vectors; these would evict other vectors."""
    return urgency is Urgency.INTERACTIVE


def _weights(model: Model) -> str:
    """Return the name of a model in the cache. It has the library and the weights, because vectors depend on both."""
    return f"{model.backend}:{model.sha256}"


def _tokens(text: str) -> int:
    return len(text.encode()) // BYTES_PER_TOKEN + FRAME_TOKENS


def _batches(texts: Sequence[str], max_tokens: int) -> list[list[str]]:
    """Divide texts into batches, in order. A batch has at most `max_tokens` tokens, or a single longer text."""
    batches: list[list[str]] = []
    tokens_left = 0
    for text in texts:
        if _tokens(text) > tokens_left:
            batches.append([])
            tokens_left = max_tokens
        batches[-1].append(text)
        tokens_left -= _tokens(text)
    return batches
