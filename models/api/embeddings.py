"""`/v1/embeddings` and `/v1/rerank`."""

import array
import base64
import time
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import HeaderParameter, JSONBody

from models.api.disconnects import CLIENT_DISCONNECTED, until_disconnect
from models.messages import (
    EmbeddingItem,
    EmbeddingRequest,
    EmbeddingResponse,
    RerankRequest,
    RerankResponse,
    RerankResult,
    Usage,
)
from models.runtime.model_runtime import ModelRuntime

# Reranking uses the same lane as searches. If the caller sets no time limit, reranking stops after this time.
MAX_MS = 10_000
# Embedding this many texts or fewer takes less time than noticing that the client has disconnected.
FEW_TEXTS = 8


@post("/v1/embeddings", status_code=200)
async def create_embeddings(
    data: JSONBody[EmbeddingRequest],
    state: State,
    request: Request[Any, Any, Any],
    cache_control: Annotated[str, HeaderParameter(name="Cache-Control")] = "",
) -> Response[EmbeddingResponse] | Response[None]:
    """Return the vectors of texts. With `Cache-Control: no-cache` the vectors are computed again, not taken from the cache."""
    runtime: ModelRuntime = state.runtime
    began = time.perf_counter()
    texts = [data.input] if isinstance(data.input, str) else data.input

    async def embed() -> tuple[list[bytes], int]:
        return await runtime.embed(
            data.model, texts, tier=data.service_tier, user=data.user or "", fresh="no-cache" in cache_control
        )

    result = await (embed() if len(texts) <= FEW_TEXTS else until_disconnect(request, embed))
    if result is None:
        return Response(None, status_code=CLIENT_DISCONNECTED)
    vectors, tokens = result
    as_text = data.encoding_format == "base64"
    answer = EmbeddingResponse(
        data=[
            EmbeddingItem(index=index, embedding=base64.b64encode(vector).decode() if as_text else _floats(vector))
            for index, vector in enumerate(vectors)
        ],
        model=data.model,
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )
    return Response(answer, headers={"Server-Timing": f"embed;dur={(time.perf_counter() - began) * 1000:.3f}"})


@post("/v1/rerank", status_code=200)
async def create_rerank(
    data: JSONBody[RerankRequest], state: State, request: Request[Any, Any, Any]
) -> RerankResponse | Response[None]:
    runtime: ModelRuntime = state.runtime
    scores = await until_disconnect(
        request,
        lambda: runtime.rerank(
            data.model,
            data.query,
            data.documents,
            max_ms=data.max_ms or MAX_MS,
            tier=data.service_tier,
            user=data.user or "",
        ),
    )
    if scores is None:
        return Response(None, status_code=CLIENT_DISCONNECTED)
    results = [
        RerankResult(
            index=index,
            relevance_score=score,
            document={"text": data.documents[index]} if data.return_documents else None,
        )
        for index, score in sorted(enumerate(scores.scores), key=lambda scored: -scored[1])
    ]
    return RerankResponse(
        model=data.model,
        results=results[: data.top_n],
        usage=Usage(prompt_tokens=scores.tokens, total_tokens=scores.tokens),
        truncated=len(scores.scores) < len(data.documents),
    )


def _floats(vector: bytes) -> list[float]:
    return array.array("f", vector).tolist()
