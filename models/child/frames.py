"""The messages between the runtime and the child process of a model.

Each message is sent as a frame: first its length (4 bytes, little-endian), then a msgpack map whose `type` is the
struct's name. Every request has an id. The answers to a request have the same id.
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
    """Score documents. Scoring stops after `max_ms` milliseconds."""

    id: int
    query: str
    documents: list[str]
    max_ms: int | None = None


class Generate(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Continue a `prompt`, or answer `messages` with the model's chat template.

    If `required_tool` is a name, the answer is a call of that tool; if it is an empty string, a call of any tool. If
    `parse_special` is true, special tokens in the prompt are parsed.
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
    """Tokens per second with `threads` threads: on a quiet machine, and while another program keeps one core busy."""

    threads: int
    quiet: float
    busy: float


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The model is loaded, and its process uses `used_bytes` of memory. `context` is in tokens; 0 means unlimited.

    The process handles `passes` requests in parallel. A request should have at most `pass_tokens` tokens, because a longer
    request is no faster than two requests; 0 means no limit. `thread_rates` is empty if no speeds were measured.
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
    """A sign of life: `done` of `total` prompt tokens have been read, or `done` of `total` documents have been scored."""

    id: int
    done: int
    total: int


class Vectors(msgspec.Struct, frozen=True, tag=True):
    """Unit vectors, concatenated as little-endian float32 bytes, and the number of `tokens` that were read."""

    id: int
    count: int
    data: bytes
    tokens: int


class Scores(msgspec.Struct, frozen=True, tag=True):
    """The scores of the documents that were scored within the time limit, in order from the first document."""

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
    """The request failed. If `invalid` is true, the caller can correct the request."""

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
    """Return the bytes of a frame, beginning with its length."""
    body = _encoder.encode(frame)
    return LENGTH.pack(len(body)) + body
