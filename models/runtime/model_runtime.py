"""Serve requests with the models of one folder: find the model, wait for its device, load the model, return its answer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping

from models.backends import BACKENDS
from models.catalogue.catalogue import Catalogue
from models.catalogue.model import Model, ModelRole
from models.child.frames import Generate, GenerationFinished, Piece, Scores
from models.child.length import check_generation, check_texts
from models.errors import ModelCrashed, RequestInvalid
from models.memory.machine_state import Probe
from models.memory.plan import LoadPlan
from models.messages import ServiceTier
from models.probe.probe import probe_machine
from models.runtime.batching import Batcher
from models.runtime.embedding_cache import EmbeddingCache
from models.runtime.generation_events import Alive, GenerationEvent, Loading, Waiting
from models.runtime.metrics import Metrics
from models.runtime.residency import Residency
from models.scheduler.device import Device
from models.scheduler.fair_queue import Urgency
from models.scheduler.passes import PassLimits, PassPart
from models.settings import RuntimeSettings

CACHE_FOLDER = "embeddings"
HEARTBEAT_S = 10.0
MAX_INPUTS = 2048
# The number of attempts. If the model's process dies before the first text, the generation is tried again.
ATTEMPTS = 2
# The minimum context in tokens. Some backends have no smaller one.
MIN_CONTEXT = 2048
# A cross-encoder reads at most this many tokens of a document. This number is used to estimate the size of a pass.
_DOCUMENT_TOKENS = 512


class ModelRuntime:
    """One runtime. `probe` probes the machine; `backends` are the classes that load models, by name.

    While a generation produces nothing new, it yields an Alive event every `heartbeat_s` seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        settings: RuntimeSettings | None = None,
        *,
        probe: Probe = probe_machine,
        backends: Mapping[str, str] = BACKENDS,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.catalogue = catalogue
        self.probe = probe
        self.settings = settings or RuntimeSettings()
        self.metrics = Metrics()
        self.residency = Residency(catalogue, self.settings, probe=probe, backends=backends, metrics=self.metrics)
        self.cache = EmbeddingCache(catalogue.folder / CACHE_FOLDER, self.settings.embedding_cache_mib * 2**20)
        self.devices: dict[str, Device] = {}
        self._heartbeat_s = heartbeat_s
        self._batcher = Batcher(self.residency, self.cache, self.metrics, pass_tokens=self.settings.pass_tokens)

    def start(self) -> None:
        """Start the background tasks, which load pinned models and unload idle models."""
        self.residency.start()

    async def close(self) -> None:
        """Stop every child process, and write the embedding cache to the disk."""
        for device in self.devices.values():
            await device.close()
        await self.residency.close()
        self.cache.close()

    async def embed(
        self, name: str, texts: list[str], *, tier: ServiceTier | None = None, user: str = "", fresh: bool = False
    ) -> tuple[list[bytes], int]:
        """Return one vector per text as little-endian float32 bytes, and the number of tokens read. Raises ModelError.

        Cached vectors are not computed again, unless `fresh` is true.
        """
        if not texts or len(texts) > MAX_INPUTS:
            raise RequestInvalid(f"`input` must contain from 1 to {MAX_INPUTS} texts, not {len(texts)}.")
        check_texts("input", texts)
        model = self._find(name, ModelRole.EMBED)
        urgency = _urgency(tier)
        cached = [None] * len(texts) if fresh else self._batcher.cached(model, texts, urgency)
        missing = [text for text, vector in zip(texts, cached, strict=True) if vector is None]
        self.metrics.embedded_texts.labels("known").inc(len(texts) - len(missing))
        if not missing:
            return [vector for vector in cached if vector is not None], 0
        device = await self._device(model)
        computed, tokens = await self._batcher.embed(model, device, missing, urgency=urgency, user=user)
        self.metrics.embedded_texts.labels("embedded").inc(len(missing))
        next_computed = iter(computed)
        return [next(next_computed) if vector is None else vector for vector in cached], tokens

    async def rerank(
        self,
        name: str,
        query: str,
        documents: list[str],
        *,
        max_ms: int | None,
        tier: ServiceTier | None = None,
        user: str = "",
    ) -> Scores:
        """Score the documents in order until `max_ms` milliseconds have passed. Return the scores. Raises ModelError."""
        if not documents or len(documents) > MAX_INPUTS:
            raise RequestInvalid(f"`documents` must contain from 1 to {MAX_INPUTS} texts, not {len(documents)}.")
        check_texts("query", [query])
        check_texts("documents", documents)
        model = self._find(name, ModelRole.RERANK)

        async def run(_payloads: object) -> list[Scores]:
            async with self.residency.use(model) as child:
                return [await child.rerank(query, documents, max_ms)]

        # Each reranking request is a separate pass, because each request has its own time limit.
        tokens = _DOCUMENT_TOKENS * len(documents)
        part = PassPart(f"{model.id} {id(documents)}", None, tokens, run, PassLimits(1, tokens))
        scores: Scores = await (await self._device(model)).passes.run_part(
            part, urgency=_urgency(tier), user=user, admitted=False
        )
        self.metrics.prompt_tokens.labels(model.id).inc(scores.tokens)
        return scores

    async def generate(
        self, name: str, request: Generate, *, tier: ServiceTier | None = None, user: str = ""
    ) -> AsyncGenerator[GenerationEvent, None]:
        """Yield the events of a request; GenerationFinished is last. Raises ModelError.

        Closing the iterator stops the generation. The model never waits for a slow reader: events are stored until they
        are read.
        """
        model = self._find(name, ModelRole.CHAT)
        check_generation(request, self._longest_context(model))
        events: asyncio.Queue[GenerationEvent | None] = asyncio.Queue()
        producer = asyncio.create_task(self._produce(model, request, _urgency(tier), user, events))
        producer.add_done_callback(lambda _task: events.put_nowait(None))
        try:
            while True:
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        event = await events.get()
                except TimeoutError:
                    yield Alive()
                    continue
                if event is None:
                    break
                yield event
            await producer
        finally:
            if not producer.done():
                producer.cancel()
                await asyncio.wait([producer])

    async def plan(self, name: str) -> LoadPlan:
        """Return the plan for loading a model now, with reasons. Raises ModelUnknown, DoesNotFit, ModelFileRefused."""
        return await self.residency.plan(self.catalogue.find(name))

    async def _produce(
        self,
        model: Model,
        request: Generate,
        urgency: Urgency,
        user: str,
        events: asyncio.Queue[GenerationEvent | None],
    ) -> None:
        began = time.monotonic()
        device = await self._device(model)
        for attempt in range(1, ATTEMPTS + 1):
            has_begun = False
            device_hold = device.generations.hold(
                urgency=urgency,
                user=user,
                admitted=attempt > 1,
                on_position=lambda position: events.put_nowait(Waiting(position)),
            )
            try:
                async with device_hold:
                    if not self.residency.is_loaded(model):
                        events.put_nowait(Loading(model.id))
                    async with (
                        self.residency.use(model) as child,
                        contextlib.aclosing(child.generate(request)) as frames,
                    ):
                        async for frame in frames:
                            if isinstance(frame, Piece) and not has_begun:
                                has_begun = True
                                self.metrics.first_token_s.labels(model.id).observe(time.monotonic() - began)
                            if isinstance(frame, GenerationFinished):
                                self._count(model, frame)
                            events.put_nowait(frame)
            except ModelCrashed:
                if has_begun or attempt == ATTEMPTS:
                    raise
            else:
                return

    def _count(self, model: Model, finished: GenerationFinished) -> None:
        self.metrics.prompt_tokens.labels(model.id).inc(finished.prompt_tokens)
        self.metrics.reused_tokens.labels(model.id).inc(finished.reused_tokens)
        self.metrics.completion_tokens.labels(model.id).inc(finished.completion_tokens)

    async def _device(self, model: Model) -> Device:
        """Return the device whose queue a model's requests wait in."""
        name = self.residency.device_of(model) or (await self.residency.plan(model)).device
        if name not in self.devices:
            self.devices[name] = Device(name, capacity=self.settings.queue_capacity)
        return self.devices[name]

    def _longest_context(self, model: Model) -> int:
        """Return the maximum context of a model in tokens. The model's process checks requests against the actual context."""
        loaded = self.residency.properties_of(model)
        return (loaded and loaded.context) or max(self.settings.context, MIN_CONTEXT)

    def _find(self, name: str, role: ModelRole) -> Model:
        model = self.catalogue.find(name)
        if model.role is not role:
            raise RequestInvalid(
                f"{name} is a model for {model.role.value}, not for {role.value}. Choose another model."
            )
        return model


def _urgency(tier: ServiceTier | None) -> Urgency:
    return Urgency.BATCH if tier is ServiceTier.FLEX else Urgency.INTERACTIVE
