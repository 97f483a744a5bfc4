"""The messages between the runtime and the child process of a model.

On the socket a frame is its length (4 bytes, little-endian) and a msgpack map whose `type` is the struct's name. Every
request has an id. Its answers have the same id.
"""

import struct

import msgspec

from models.generation.sampling import Sampling
from models.messages import ChatMessage, Tool, ToolCall

LENGTH = struct.Struct("<I")


class Embed(msgspec.Struct, frozen=True, tag=True):
    id: int
    texts: list[str]


class Rerank(msgspec.Struct, frozen=True, tag=True):
    """Score documents. Scoring stops after `max_ms`."""

    id: int
    query: str
    documents: list[str]
    max_ms: int | None = None


class Generate(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Continue a `prompt`, or answer `messages` with the model's chat template.

    With `required_tool` the answer is a call of that tool, or of any tool if it is an empty string. With
    `parse_special` the prompt may contain special tokens.
    """

    id: int
    prompt: str | None = None
    parse_special: bool = False
    messages: list[ChatMessage] = []
    tools: list[Tool] = []
    required_tool: str | None = None
    sampling: Sampling = Sampling()


class Cancel(msgspec.Struct, frozen=True, tag=True):
    id: int


class ThreadRate(msgspec.Struct, frozen=True):
    """Tokens per second with `threads` threads, on a quiet machine and beside a program that keeps a core busy."""

    threads: int
    quiet: float
    busy: float


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The model is loaded. `used_bytes` is the memory of its process now; `context` is in tokens, 0 if unlimited.

    It processes `passes` requests in parallel. A request with more than `pass_tokens` tokens is not more efficient; 0
    means no such limit. `thread_rates` is empty if the threads were not measured.
    """

    used_bytes: int
    load_s: float
    context: int = 0
    passes: int = 1
    pass_tokens: int = 0
    thread_rates: list[ThreadRate] = []


class NotLoaded(msgspec.Struct, frozen=True, tag=True):
    message: str


class Working(msgspec.Struct, frozen=True, tag=True):
    """A sign of life: `done` of `total` prompt tokens are read, or of `total` documents are scored."""

    id: int
    done: int
    total: int


class Vectors(msgspec.Struct, frozen=True, tag=True):
    """Unit vectors, concatenated as little-endian float32, and the number of `tokens` read."""

    id: int
    count: int
    data: bytes
    tokens: int


class Scores(msgspec.Struct, frozen=True, tag=True):
    """The scores of the first documents: as many as were scored within the time limit."""

    id: int
    scores: list[float]
    tokens: int


class Piece(msgspec.Struct, frozen=True, tag=True):
    id: int
    text: str


class GenerationFinished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """`reused_tokens` is the number of prompt tokens that were in the cache and were not evaluated again."""

    id: int
    reason: str
    prompt_tokens: int
    completion_tokens: int
    reused_tokens: int = 0
    tool_calls: list[ToolCall] = []


class RequestFailed(msgspec.Struct, frozen=True, tag=True):
    """The request failed. If `invalid` is true, the caller can correct it."""

    id: int
    message: str
    invalid: bool = False


ToChild = Embed | Rerank | Generate | Cancel
Answer = Working | Vectors | Scores | Piece | GenerationFinished | RequestFailed
FromChild = Loaded | NotLoaded | Answer

_encoder = msgspec.msgpack.Encoder()
decode_request = msgspec.msgpack.Decoder(ToChild).decode
decode_answer = msgspec.msgpack.Decoder(FromChild).decode


def encode(frame: ToChild | FromChild) -> bytes:
    """Return the bytes of a frame, with its length."""
    body = _encoder.encode(frame)
    return LENGTH.pack(len(body)) + body
