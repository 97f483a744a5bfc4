"""The part of the OpenAI protocol that is spoken here. Unknown fields of requests are ignored, as its servers do."""

from typing import Literal

import msgspec


class EmbeddingRequest(msgspec.Struct, kw_only=True):
    model: str
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    user: str | None = None


class EmbeddingItem(msgspec.Struct, kw_only=True):
    """`embedding` is a list of floats, or base64 of little-endian float32."""

    index: int
    embedding: list[float] | str
    object: str = "embedding"


class Usage(msgspec.Struct, kw_only=True):
    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0


class EmbeddingResponse(msgspec.Struct, kw_only=True):
    data: list[EmbeddingItem]
    model: str
    usage: Usage
    object: str = "list"


class ChatMessage(msgspec.Struct, kw_only=True):
    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(msgspec.Struct, kw_only=True):
    model: str
    messages: list[ChatMessage]
    stream: bool = False
    max_tokens: int | None = None
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int | None = None
    stop: str | list[str] | None = None
    user: str | None = None


class Delta(msgspec.Struct, kw_only=True, omit_defaults=True):
    role: str | None = None
    content: str | None = None


class ChunkChoice(msgspec.Struct, kw_only=True):
    delta: Delta
    index: int = 0
    finish_reason: str | None = None


class ChatChunk(msgspec.Struct, kw_only=True):
    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    object: str = "chat.completion.chunk"


class Choice(msgspec.Struct, kw_only=True):
    message: ChatMessage
    index: int = 0
    finish_reason: str | None = None


class ChatResponse(msgspec.Struct, kw_only=True):
    id: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    object: str = "chat.completion"


class ModelCard(msgspec.Struct, kw_only=True):
    """`role`, `backend` and `loaded` are this runtime's additions; clients of the protocol ignore them."""

    id: str
    created: int
    owned_by: str
    role: str
    backend: str
    size: int
    loaded: bool
    object: str = "model"


class ModelList(msgspec.Struct, kw_only=True):
    data: list[ModelCard]
    object: str = "list"


class ErrorBody(msgspec.Struct, kw_only=True):
    message: str
    type: str
    code: int


class ErrorResponse(msgspec.Struct, kw_only=True):
    error: ErrorBody
