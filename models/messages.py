"""The supported part of the OpenAI protocol. Like other servers, this runtime ignores unknown fields of requests."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType


class ServiceTier(StrEnum):
    """The priority of a request. The names are from the protocol: `flex` requests run after all other requests."""

    AUTO = "auto"
    DEFAULT = "default"
    PRIORITY = "priority"
    FLEX = "flex"


class Usage(msgspec.Struct, kw_only=True):
    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0


class EmbeddingRequest(msgspec.Struct, kw_only=True):
    model: str
    input: str | list[str]
    encoding_format: Literal["float", "base64"] = "float"
    user: str | None = None
    service_tier: ServiceTier | None = None


class EmbeddingItem(msgspec.Struct, kw_only=True):
    """`embedding` is a list of floats, or base64 of little-endian float32."""

    index: int
    embedding: list[float] | str
    object: str = "embedding"


class EmbeddingResponse(msgspec.Struct, kw_only=True):
    data: list[EmbeddingItem]
    model: str
    usage: Usage
    object: str = "list"


class RerankRequest(msgspec.Struct, kw_only=True):
    """A rerank request as Jina, Cohere and llama.cpp define it.

    After `max_ms` milliseconds the remaining documents get no score.
    """

    model: str
    query: str
    documents: list[str]
    top_n: int | None = None
    return_documents: bool = False
    max_ms: Annotated[int, Meta(gt=0)] | None = None
    user: str | None = None
    service_tier: ServiceTier | None = None


class RerankResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    index: int
    relevance_score: float
    document: dict[str, str] | None = None


class RerankResponse(msgspec.Struct, kw_only=True):
    """The best document is first. `truncated` is true if the time limit was reached before every document had a score."""

    model: str
    results: list[RerankResult]
    usage: Usage
    truncated: bool = False


class ContentPart(msgspec.Struct, kw_only=True):
    type: str
    text: str = ""


class FunctionCall(msgspec.Struct, kw_only=True):
    """A function name and its arguments. `arguments` is a JSON object as text."""

    name: str
    arguments: str


class ToolCall(msgspec.Struct, kw_only=True):
    id: str
    function: FunctionCall
    type: Literal["function"] = "function"


class ChatMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The content of the message as one string."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class Function(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`parameters` is a JSON schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Tool(msgspec.Struct, kw_only=True):
    """A tool. Its fields have the same order as in the data that models were trained with."""

    type: Literal["function"] = "function"
    function: Function


class NamedFunction(msgspec.Struct, kw_only=True):
    name: str


class NamedTool(msgspec.Struct, kw_only=True):
    function: NamedFunction
    type: Literal["function"] = "function"


class JsonSchema(msgspec.Struct, kw_only=True):
    schema: dict[str, Any] = {}
    name: str = ""


class ResponseFormat(msgspec.Struct, kw_only=True):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct, kw_only=True):
    include_usage: bool = False


class GenerationRequest(msgspec.Struct, kw_only=True):
    """The fields that requests for chat completions and for plain completions share."""

    model: str
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Meta(gt=0)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: str | list[str] | None = None
    n: Literal[1] | None = 1
    user: str | None = None
    service_tier: ServiceTier | None = None


class ChatRequest(GenerationRequest, kw_only=True):
    messages: list[ChatMessage]
    max_completion_tokens: Annotated[int, Meta(gt=0)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None


class CompletionRequest(GenerationRequest, kw_only=True):
    """`parse_special` is an addition of this runtime: special tokens in the prompt are parsed only if it is true."""

    prompt: str | list[str]
    parse_special: bool = False


class ToolCallDelta(msgspec.Struct, kw_only=True):
    index: int
    id: str
    function: FunctionCall
    type: Literal["function"] = "function"


class Delta(msgspec.Struct, kw_only=True, omit_defaults=True):
    role: str | None = None
    content: str | None = None
    tool_calls: list[ToolCallDelta] | None = None


class ChunkChoice(msgspec.Struct, kw_only=True):
    delta: Delta
    index: int = 0
    finish_reason: str | None = None


class ChatChunk(msgspec.Struct, kw_only=True):
    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType = UNSET
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


class TextChoice(msgspec.Struct, kw_only=True):
    text: str
    index: int = 0
    finish_reason: str | None = None
    logprobs: None = None


class Completion(msgspec.Struct, kw_only=True):
    """A plain completion, or one piece of a plain completion in a stream. In a stream the last piece has `usage`."""

    id: str
    created: int
    model: str
    choices: list[TextChoice]
    usage: Usage | UnsetType = UNSET
    object: str = "text_completion"


class ModelCard(msgspec.Struct, kw_only=True):
    """`role`, `backend`, `size` and `loaded` are additions of this runtime. Clients of the protocol ignore them."""

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
