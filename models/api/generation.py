"""`/v1/chat/completions` and `/v1/completions`. The answer is sent as a whole or as a stream.

A stream begins when the request has been checked and waits in the queue. Comments in the stream (`: queue 3`) report
the request's position in the queue and the progress of its prompt. Clients of the protocol ignore comments.
"""

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.response import Stream

from models.api.disconnects import CLIENT_DISCONNECTED, until_disconnect
from models.api.error_responses import error_body
from models.child.frames import Generate, GenerationFinished, Piece, Working
from models.errors import ModelError, RequestInvalid
from models.generation.sampling import Sampling
from models.messages import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    Choice,
    ChunkChoice,
    Completion,
    CompletionRequest,
    Delta,
    GenerationRequest,
    NamedTool,
    TextChoice,
    ToolCallDelta,
    Usage,
)
from models.runtime.generation_events import Alive, GenerationEvent, Loading, Waiting
from models.runtime.model_runtime import ModelRuntime

DEFAULT_TEMPERATURE, DEFAULT_TOP_P = 0.8, 0.95


@post("/v1/chat/completions", status_code=200)
async def create_chat_completion(
    data: JSONBody[ChatRequest], state: State, request: Request[Any, Any, Any]
) -> Response[Any] | Stream:
    return await _respond(state.runtime, data, chat_generation(data), _ChatEncoder(data), request)


@post("/v1/completions", status_code=200)
async def create_completion(
    data: JSONBody[CompletionRequest], state: State, request: Request[Any, Any, Any]
) -> Response[Any] | Stream:
    prompts = [data.prompt] if isinstance(data.prompt, str) else data.prompt
    if len(prompts) != 1:
        raise RequestInvalid(f"`prompt` contains {len(prompts)} texts. Send one text per request.")
    generation = Generate(
        id=0, prompt=prompts[0], parse_special=data.parse_special, sampling=_sampling(data, data.max_tokens, None)
    )
    return await _respond(state.runtime, data, generation, _TextEncoder(data), request)


def chat_generation(data: ChatRequest) -> Generate:
    """Convert a chat request to a request for a child process. Raises RequestInvalid."""
    if not data.messages:
        raise RequestInvalid("`messages` is empty. Send at least one message.")
    for message in data.messages:
        for part in message.content if isinstance(message.content, list) else ():
            if part.type != "text":
                raise RequestInvalid(f"A message has a part of type {part.type!r}. Send only parts of type 'text'.")
    tools, required = data.tools or [], None
    if isinstance(data.tool_choice, NamedTool):
        required = data.tool_choice.function.name
    elif data.tool_choice == "required":
        required = ""
    elif data.tool_choice == "none":
        tools = []
    if required is not None and not tools:
        raise RequestInvalid("`tool_choice` requires a tool, but `tools` is empty.")
    schema = None
    if data.response_format and data.response_format.type != "text":
        schema = data.response_format.json_schema.schema if data.response_format.json_schema else {}
    limit = data.max_completion_tokens or data.max_tokens
    return Generate(
        id=0, messages=data.messages, tools=tools, required_tool=required, sampling=_sampling(data, limit, schema)
    )


def _sampling(data: GenerationRequest, max_tokens: int | None, schema: dict[str, Any] | None) -> Sampling:
    stop = [data.stop] if isinstance(data.stop, str) else data.stop or []
    return Sampling(
        max_tokens=max_tokens,
        temperature=DEFAULT_TEMPERATURE if data.temperature is None else data.temperature,
        top_p=DEFAULT_TOP_P if data.top_p is None else data.top_p,
        seed=data.seed,
        stop=tuple(stop),
        json_schema=schema,
    )


class _ChatEncoder:
    """Encodes the responses of a chat completion."""

    def __init__(self, data: ChatRequest) -> None:
        self._id, self._created, self._model = f"chatcmpl-{uuid.uuid4().hex}", int(time.time()), data.model

    def opening(self) -> bytes:
        return self._chunk(Delta(role="assistant", content=""))

    def piece(self, text: str) -> bytes:
        return self._chunk(Delta(content=text))

    def closing(self, finished: GenerationFinished) -> list[bytes]:
        calls = [
            ToolCallDelta(index=index, id=call.id, function=call.function)
            for index, call in enumerate(finished.tool_calls)
        ]
        chunks = [self._chunk(Delta(tool_calls=calls))] if calls else []
        return [*chunks, self._chunk(Delta(), finished.reason)]

    def usage(self, usage: Usage) -> bytes:
        return _event(ChatChunk(id=self._id, created=self._created, model=self._model, choices=[], usage=usage))

    def complete(self, text: str, finished: GenerationFinished) -> msgspec.Struct:
        content = None if finished.tool_calls and not text else text
        message = ChatMessage(role="assistant", content=content, tool_calls=finished.tool_calls or None)
        return ChatResponse(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[Choice(message=message, finish_reason=finished.reason)],
            usage=_usage(finished),
        )

    def _chunk(self, delta: Delta, finish: str | None = None) -> bytes:
        choice = ChunkChoice(delta=delta, finish_reason=finish)
        return _event(ChatChunk(id=self._id, created=self._created, model=self._model, choices=[choice]))


class _TextEncoder:
    """Encodes the responses of a plain completion."""

    def __init__(self, data: CompletionRequest) -> None:
        self._id, self._created, self._model = f"cmpl-{uuid.uuid4().hex}", int(time.time()), data.model

    def opening(self) -> bytes:
        return b""

    def piece(self, text: str) -> bytes:
        return _event(self._completion(TextChoice(text=text)))

    def closing(self, finished: GenerationFinished) -> list[bytes]:
        return [_event(self._completion(TextChoice(text="", finish_reason=finished.reason)))]

    def usage(self, usage: Usage) -> bytes:
        return _event(Completion(id=self._id, created=self._created, model=self._model, choices=[], usage=usage))

    def complete(self, text: str, finished: GenerationFinished) -> msgspec.Struct:
        completion = self._completion(TextChoice(text=text, finish_reason=finished.reason))
        return msgspec.structs.replace(completion, usage=_usage(finished))

    def _completion(self, choice: TextChoice) -> Completion:
        return Completion(id=self._id, created=self._created, model=self._model, choices=[choice])


async def _respond(
    runtime: ModelRuntime,
    data: GenerationRequest,
    generation: Generate,
    encoder: _ChatEncoder | _TextEncoder,
    request: Request[Any, Any, Any],
) -> Response[Any] | Stream:
    events = runtime.generate(data.model, generation, tier=data.service_tier, user=data.user or "")
    if not data.stream:
        answer = await until_disconnect(request, lambda: _complete(events, encoder))
        return Response(None, status_code=CLIENT_DISCONNECTED) if answer is None else Response(answer)
    # Wait for the first event here. An error before the first event then becomes an HTTP status, not a broken stream.
    first = await until_disconnect(request, lambda: anext(events))
    if first is None:
        await events.aclose()
        return Response(None, status_code=CLIENT_DISCONNECTED)
    with_usage = bool(data.stream_options and data.stream_options.include_usage)
    return Stream(
        _stream(first, events, encoder, with_usage=with_usage),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _complete(
    events: AsyncGenerator[GenerationEvent, None], encoder: _ChatEncoder | _TextEncoder
) -> msgspec.Struct:
    pieces: list[str] = []
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, Piece):
                pieces.append(event.text)
            elif isinstance(event, GenerationFinished):
                return encoder.complete("".join(pieces), event)
    raise ModelError("The model ended without an answer.")


async def _stream(
    first: GenerationEvent,
    events: AsyncGenerator[GenerationEvent, None],
    encoder: _ChatEncoder | _TextEncoder,
    *,
    with_usage: bool,
) -> AsyncGenerator[bytes, None]:
    opened = False
    async with contextlib.aclosing(events):
        try:
            event: GenerationEvent | None = first
            while event is not None:
                if isinstance(event, Piece | GenerationFinished) and not opened:
                    opened = True
                    yield encoder.opening()
                if isinstance(event, Piece):
                    yield encoder.piece(event.text)
                elif isinstance(event, GenerationFinished):
                    for chunk in encoder.closing(event):
                        yield chunk
                    if with_usage:
                        yield encoder.usage(_usage(event))
                    yield b"data: [DONE]\n\n"
                else:
                    yield _comment(event)
                event = await anext(events, None)
        except ModelError as error:
            yield _event(error_body(error))


def _comment(event: Waiting | Loading | Alive | Working) -> bytes:
    """Return a comment of the stream: `queue POSITION`, `loading MODEL`, `prompt DONE/TOTAL`, or `alive`."""
    if isinstance(event, Waiting):
        return f": queue {event.position}\n\n".encode()
    if isinstance(event, Loading):
        return f": loading {event.model}\n\n".encode()
    if isinstance(event, Working):
        return f": prompt {event.done}/{event.total}\n\n".encode()
    return b": alive\n\n"


def _usage(finished: GenerationFinished) -> Usage:
    return Usage(
        prompt_tokens=finished.prompt_tokens,
        completion_tokens=finished.completion_tokens,
        total_tokens=finished.prompt_tokens + finished.completion_tokens,
    )


def _event(struct: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(struct) + b"\n\n"
