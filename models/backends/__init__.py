"""The libraries that run models, one file per library.

A backend is a class that implements one of these protocols. It is created from a `LoadOptions` and listed in
`BACKENDS`. It runs in a separate process. One thread at a time calls it, or `passes` threads if it has this attribute.
It raises RequestInvalid if the caller can correct the request. It raises ModelUnavailable if the model cannot be loaded
or the library is not installed.
"""

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from models.generation.sampling import Sampling

BACKENDS: Mapping[str, str] = MappingProxyType(
    {
        "llama_cpp": "models.backends.llama_cpp:LlamaCppBackend",
        "ctransformers": "models.backends.ctransformers:CTransformersBackend",
        "onnx": "models.backends.onnx:OnnxBackend",
        "sentence_transformers": "models.backends.sentence_transformers:SentenceTransformersBackend",
        "cross_encoder": "models.backends.sentence_transformers:CrossEncoderBackend",
    }
)


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend loads and how. `gpu_layers` has the number of layers per visible GPU; if it is empty, no GPU is used.

    A chat model generates with `generation_threads` threads; 0 means all `threads`. If `thread_candidates` is not empty and
    the machine is quiet, the speed with each of these numbers is measured first. The process may use `memory_limit` bytes
    of memory; 0 means no limit. States of earlier conversations may use `prefix_bytes` bytes of it. `niceness` is the
    niceness of the process.
    """

    path: str
    threads: int
    generation_threads: int = 0
    thread_candidates: tuple[int, ...] = ()
    niceness: int = 10
    family: str = ""
    context: int = 2048
    gpu_layers: tuple[int, ...] = ()
    cache_type: str = "f16"
    prefix_bytes: int = 0
    memory_limit: int = 0


class EmbeddingBackend(Protocol):
    """Computes unit vectors of texts.

    `passes` threads may call the backend in parallel, each with different texts. A call should have at most `pass_tokens`
    tokens, because a longer call is no faster than two calls. 0 means no limit. If a backend does not have these
    attributes, one thread calls it, with any number of texts.
    """

    passes: int
    pass_tokens: int

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        """Return one vector per text as little-endian float32 bytes, and the number of tokens that were read."""
        ...


class RerankBackend(Protocol):
    """Scores how well documents answer a query."""

    def rerank(self, query: str, documents: list[str]) -> tuple[list[float], int]:
        """Return one score per document, and the number of tokens that were read. A higher score is better."""
        ...


class GenerationBackend(Protocol):
    """Generates text, one token at a time. `chat_template` is a Jinja template or empty; `special_tokens` are its variables.

    A backend that can change its number of threads also has `write_with` and `writing_rate`.
    """

    context: int
    chat_template: str
    special_tokens: Mapping[str, str]
    reused_tokens: int

    def tokenize(self, prompt: str) -> list[int]:
        """Return the tokens of a prompt, including the tokens that every text of this model begins with.

        Only the trusted characters of a `Traced` prompt may become special tokens. A plain `str` has no trusted characters.
        """
        ...

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]:
        """Yield the bytes of each generated token until the answer is complete, or until soon after `cancelled` is set.

        `on_prompt` gets the number of prompt tokens that have been read, and the number of all prompt tokens. Afterwards
        `reused_tokens` is the number of prompt tokens that were in the cache and were not read again.
        """
        ...

    def interrupt(self) -> None:
        """Stop the current computation, so that `generate` ends. Any thread may call this."""
        ...

    def write_with(self, threads: int) -> None:
        """Generate with this number of threads from now on."""
        ...

    def writing_rate(self, threads: int, seconds: float) -> float:
        """Generate with a number of threads for `seconds`, discard the tokens, and return the tokens per second."""
        ...

    def rest(self) -> None:
        """Do work that can be done later, such as storing states. Called after a generation while no request waits."""
        ...


def load_backend(location: str, options: LoadOptions) -> Any:
    """Import `package.module:Class` and load a model with it. Raises ModelUnavailable."""
    module, _, name = location.partition(":")
    return getattr(importlib.import_module(module), name)(options)
