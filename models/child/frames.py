"""The messages between the runtime and the child process that holds a model.

On the socket a frame is its length (4 bytes, little-endian) and a msgpack map whose `type` is the struct's name. Every
request has an id that its answers carry.
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
    """Scores stop being made after `max_ms`."""

    id: int
    query: str
    documents: list[str]
    max_ms: int | None = None


class Generate(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Write on from a `prompt`, or answer `messages` by the model's chat template.

    With `required_tool` the answer is a call of that tool, or of any where it is empty. With `parse_special` the prompt
    may hold special tokens.
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
    """The model can be used. `taken_bytes` is what its process takes now; `context` in tokens, 0 if unbounded.

    It works at `passes` requests side by side, and gains nothing from more than `pass_tokens` in one, 0 if unbounded.
    `thread_rates` are there where its threads were measured.
    """

    taken_bytes: int
    took_s: float
    context: int = 0
    passes: int = 1
    pass_tokens: int = 0
    thread_rates: list[ThreadRate] = []


class NotLoaded(msgspec.Struct, frozen=True, tag=True):
    message: str


class Working(msgspec.Struct, frozen=True, tag=True):
    """A sign of life: `done` of `total` prompt tokens are read, or documents scored."""

    id: int
    done: int
    total: int


class Vectors(msgspec.Struct, frozen=True, tag=True):
    """Unit vectors, one after another, as little-endian float32; `tokens` read for them."""

    id: int
    count: int
    data: bytes
    tokens: int


class Scores(msgspec.Struct, frozen=True, tag=True):
    """Of the first documents, as many as the time allowed."""

    id: int
    scores: list[float]
    tokens: int


class Piece(msgspec.Struct, frozen=True, tag=True):
    id: int
    text: str


class GenerationFinished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """`reused_tokens` of the prompt were known from before and not evaluated again."""

    id: int
    reason: str
    prompt_tokens: int
    completion_tokens: int
    reused_tokens: int = 0
    tool_calls: list[ToolCall] = []


class RequestFailed(msgspec.Struct, frozen=True, tag=True):
    """The request could not be met; `invalid` says that its sender can correct it."""

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
    """A frame as it is sent."""
    body = _encoder.encode(frame)
    return LENGTH.pack(len(body)) + body
