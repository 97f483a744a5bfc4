"""Which vectors are cached."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from models.catalogue.model import Model, ModelRole
from models.child.frames import Vectors
from models.runtime.batching import Batcher
from models.runtime.embedding_cache import EmbeddingCache
from models.runtime.metrics import Metrics
from models.scheduler.device import Device
from models.scheduler.fair_queue import Urgency

MODEL = Model(id="m", role=ModelRole.EMBED, backend="onnx", path="", size=0, sha256="0", licence="", source="")


class CountingResidency:
    """A loaded model whose vectors are the lengths of the texts. `embedded` has the texts that it got."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def properties_of(self, _model: Model) -> None:
        return None

    @contextlib.asynccontextmanager
    async def use(self, _model: Model) -> AsyncGenerator["CountingResidency", None]:
        yield self

    async def embed(self, texts: list[str]) -> Vectors:
        self.embedded += texts
        return Vectors(1, len(texts), b"".join(len(text).to_bytes(4, "little") for text in texts), len(texts))


@pytest.mark.parametrize(("urgency", "is_cached"), [(Urgency.INTERACTIVE, True), (Urgency.BATCH, False)])
def test_only_vectors_of_interactive_requests_are_cached(tmp_path: Path, urgency: Urgency, *, is_cached: bool) -> None:
    cache = EmbeddingCache(tmp_path, 4 * 2**20)
    residency: Any = CountingResidency()
    batcher = Batcher(residency, cache, Metrics(), pass_tokens=4096)

    async def embed() -> list[bytes]:
        device = Device("cpu", capacity=8)
        vectors, _ = await batcher.embed(MODEL, device, ["one", "three", "one"], urgency=urgency, user="")
        return vectors

    vectors = asyncio.run(embed())

    assert [3, 5, 3] == [int.from_bytes(vector, "little") for vector in vectors]
    assert ["one", "three"] == residency.embedded
    assert is_cached is (None not in batcher.cached(MODEL, ["one", "three"], Urgency.INTERACTIVE))
    cache.close()
    assert is_cached is (len(EmbeddingCache(tmp_path, 4 * 2**20)) > 0)


def test_batch_requests_use_the_cached_vectors_of_interactive_requests(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, 4 * 2**20)
    residency: Any = CountingResidency()
    batcher = Batcher(residency, cache, Metrics(), pass_tokens=4096)

    async def embed() -> None:
        await batcher.embed(MODEL, Device("cpu", capacity=8), ["one"], urgency=Urgency.INTERACTIVE, user="")

    asyncio.run(embed())

    assert [(3).to_bytes(4, "little"), None] == batcher.cached(MODEL, [" one", "two"], Urgency.BATCH)
    cache.close()
