"""The runtime's HTTP face: the OpenAI protocol."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from models.errors import ModelError
from models.host import Host
from models.messages import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    Choice,
    ChunkChoice,
    Delta,
    EmbeddingRequest,
    EmbeddingResponse,
    ErrorBody,
    ErrorResponse,
    ModelList,
    Usage,
)

MAX_BODY_BYTES = 16 * 2**20


class Activity:
    """When the runtime was last of use, so that one started on demand knows when to go."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.last = time.monotonic()

    @property
    def idle_s(self) -> float:
        return 0.0 if self.in_flight else time.monotonic() - self.last

    def middleware(self, app: ASGIApp) -> ASGIApp:
        async def track(scope: Scope, receive: Receive, send: Send) -> None:
            self.in_flight += 1
            try:
                await app(scope, receive, send)
            finally:
                self.in_flight -= 1
                self.last = time.monotonic()

        return track


@get("/health", sync_to_thread=False)
def health() -> dict[str, str]:
    return {"status": "ok"}


@get("/v1/models", sync_to_thread=False)
def list_models(state: State) -> ModelList:
    host: Host = state.host
    return host.list()


@post("/v1/embeddings", status_code=200)
async def create_embeddings(data: JSONBody[EmbeddingRequest], state: State) -> EmbeddingResponse:
    host: Host = state.host
    return await host.embed(data)


@post("/v1/chat/completions", status_code=200)
async def create_chat_completion(data: JSONBody[ChatRequest], state: State) -> Response[ChatResponse] | Stream:
    host: Host = state.host
    identifier, created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
    pieces = host.stream_chat(data)
    if data.stream:
        # The first piece is awaited here, so that an error before it is an HTTP status and not a broken stream.
        first = await anext(pieces, None)
        return Stream(_chunks(first, pieces, identifier, created, data.model), media_type="text/event-stream")
    parts = [piece async for piece in pieces]
    count = len(parts)
    message = ChatMessage(role="assistant", content="".join(parts))
    return Response(
        ChatResponse(
            id=identifier, created=created, model=data.model, choices=[Choice(message=message, finish_reason="stop")],
            usage=Usage(prompt_tokens=0, completion_tokens=count, total_tokens=count),
        )
    )  # fmt: skip


async def _chunks(
    first: str | None, pieces: AsyncGenerator[str, None], identifier: str, created: int, model: str
) -> AsyncGenerator[bytes, None]:
    def chunk(delta: Delta, finish: str | None = None) -> bytes:
        choice = ChunkChoice(delta=delta, finish_reason=finish)
        body = msgspec.json.encode(ChatChunk(id=identifier, created=created, model=model, choices=[choice]))
        return b"data: " + body + b"\n\n"

    try:
        yield chunk(Delta(role="assistant", content=first or ""))
        async for piece in pieces:
            yield chunk(Delta(content=piece))
        yield chunk(Delta(), "stop")
        yield b"data: [DONE]\n\n"
    except ModelError as error:
        yield b"data: " + msgspec.json.encode(_error_body(error)) + b"\n\n"
    finally:
        await pieces.aclose()


def _error_body(error: ModelError) -> ErrorResponse:
    return ErrorResponse(error=ErrorBody(message=error.message, type=error.kind, code=error.status))


def _model_error(_request: Request[Any, Any, Any], error: ModelError) -> Response[ErrorResponse]:
    return Response(_error_body(error), status_code=error.status)


def _http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorResponse]:
    kind = "invalid_request_error" if error.status_code < 500 else "server_error"
    extra = error.extra if isinstance(error.extra, list) else []
    reasons = "; ".join(f"{item.get('key', '')}: {item.get('message', '')}" for item in extra if isinstance(item, dict))
    body = ErrorBody(message=f"{error.detail} {reasons}".strip(), type=kind, code=error.status_code)
    return Response(ErrorResponse(error=body), status_code=error.status_code)


def create_app(host: Host, activity: Activity) -> Litestar:
    return Litestar(
        route_handlers=[health, list_models, create_embeddings, create_chat_completion],
        state=State({"host": host}),
        middleware=[activity.middleware],
        exception_handlers={ModelError: _model_error, HTTPException: _http_error},
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )


async def watch_idleness(activity: Activity, idle_exit_s: float, stop: Callable[[], None]) -> None:
    """Call `stop` once nothing was asked for `idle_exit_s` seconds."""
    # Idleness is the absence of events: the sleep ends when it could be reached.
    while (left := idle_exit_s - activity.idle_s) > 0:  # noqa: ASYNC110
        await asyncio.sleep(max(left, 0.2))
    stop()
