"""Texts of different requests become vectors in one pass; what was embedded before is remembered."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from models.catalogue.model import Model
from models.errors import ModelError
from models.runtime.embedding_cache import EmbeddingCache, normalise
from models.runtime.metrics import Metrics
from models.runtime.residency import Residency
from models.scheduler.device import Device, Part, Passing
from models.scheduler.fair_queue import Urgency

Answer = TypeVar("Answer")
# Bytes of a token of most languages' text; only the size of a pass depends on it, the model counts its own.
BYTES_A_TOKEN = 4
# Tokens that a text has besides its words.
FRAME_TOKENS = 2


class Batcher:
    """Embeds by the models of a residency. A pass takes what waits when there is room for it, and waits for nothing.

    With 8-bit weights a vector depends a little on the texts beside it: up to 0.01 of cosine.
    """

    def __init__(self, residency: Residency, cache: EmbeddingCache, metrics: Metrics, *, pass_tokens: int) -> None:
        self._residency, self._cache, self._metrics = residency, cache, metrics
        self._pass_tokens = pass_tokens

    def known(self, model: Model, texts: Sequence[str], urgency: Urgency) -> list[bytes | None]:
        """The vectors that are remembered."""
        remember = _is_remembered(urgency)
        return self._cache.get(_weights(model), [normalise(text) for text in texts], remember=remember)

    async def embed(
        self, model: Model, device: Device, texts: Sequence[str], *, urgency: Urgency, user: str
    ) -> tuple[list[bytes], int]:
        """One vector a text, and the tokens read for those that were not known. Raises ModelError."""
        wanted = [normalise(text) for text in texts]
        passing = self._passing(model)
        # Of like lengths, so that little is padding.
        slices = _slices(sorted(set(wanted), key=len), passing.tokens)

        async def take(number: int) -> tuple[list[bytes], int]:
            texts = slices[number]
            # Parts of one pass have one urgency.
            part = Part(
                model.id,
                texts,
                sum(map(_tokens, texts)),
                lambda payloads: self._pass(model, payloads, urgency),
                passing,
            )
            made: tuple[list[bytes], int] = await device.take_part(
                part, urgency=urgency, user=user, admitted=number > 0
            )
            return made

        vectors: dict[str, bytes] = {}
        tokens = 0
        for slice_, (made, read) in zip(slices, await _together(take, len(slices)), strict=True):
            vectors |= zip(slice_, made, strict=True)
            tokens += read
        return [vectors[text] for text in wanted], tokens

    def _passing(self, model: Model) -> Passing:
        """How its process said that passes go best; one after another before it was loaded."""
        loaded = self._residency.properties_of(model)
        if loaded is None:
            return Passing(1, self._pass_tokens)
        return Passing(loaded.passes, min(self._pass_tokens, loaded.pass_tokens or self._pass_tokens))

    async def _pass(
        self, model: Model, payloads: Sequence[list[str]], urgency: Urgency
    ) -> list[tuple[list[bytes], int]]:
        """Embed the texts of several requests together; each gets its vectors and its share of the tokens."""
        texts = list(dict.fromkeys(text for payload in payloads for text in payload))
        self._metrics.pass_parts.observe(len(payloads))
        async with self._residency.use(model) as child:
            answer = await child.embed(texts)
        size = len(answer.data) // answer.count
        vectors = [answer.data[at : at + size] for at in range(0, len(answer.data), size)]
        self._metrics.prompt_tokens.labels(model.id).inc(answer.tokens)
        if _is_remembered(urgency):
            self._cache.put(_weights(model), texts, vectors)
        by_text = dict(zip(texts, vectors, strict=True))
        total = sum(map(_tokens, texts))
        return [
            ([by_text[text] for text in payload], answer.tokens * sum(map(_tokens, payload)) // max(1, total))
            for payload in payloads
        ]


async def _together(work: Callable[[int], Coroutine[Any, Any, Answer]], count: int) -> list[Answer]:
    """Everything at once, or what the first to fail raised."""
    if count == 1:
        return [await work(0)]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(number)) for number in range(count)]
    except* ModelError as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _is_remembered(urgency: Urgency) -> bool:
    """Programs that embed in bulk keep the vectors themselves; here they would only push out those of searches."""
    return urgency is Urgency.INTERACTIVE


def _weights(model: Model) -> str:
    """What vectors are remembered under: other weights, or the same by another library, make others."""
    return f"{model.backend}:{model.sha256}"


def _tokens(text: str) -> int:
    return len(text.encode()) // BYTES_A_TOKEN + FRAME_TOKENS


def _slices(texts: Sequence[str], budget: int) -> list[list[str]]:
    """Texts in order, parted so that each part is within a token budget, or is one text."""
    slices: list[list[str]] = []
    room = 0
    for text in texts:
        if _tokens(text) > room:
            slices.append([])
            room = budget
        slices[-1].append(text)
        room -= _tokens(text)
    return slices
