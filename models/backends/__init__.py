"""The libraries that run models, one file each.

A backend is a class with the shape of one of these protocols, made from a `LoadOptions` and named in `BACKENDS`. It
lives in a process of its own and is called by one thread at a time, or by as many as its `passes` say. It raises
RequestInvalid where the caller can correct the request, ModelUnavailable where the model cannot be loaded or its
library is not installed.
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
    """What a backend loads and how. `gpu_layers` go to each GPU that its process sees; none means the processor.

    A chat model writes with `writing_threads`, 0 for all `threads`; where there are `thread_candidates`, it measures
    them first if the machine is quiet. `memory_limit` bytes are what its process may take, 0 for any; `prefix_bytes`
    are for states of earlier conversations. `niceness` is that of the process.
    """

    path: str
    threads: int
    writing_threads: int = 0
    thread_candidates: tuple[int, ...] = ()
    niceness: int = 10
    family: str = ""
    context: int = 2048
    gpu_layers: tuple[int, ...] = ()
    cache_type: str = "f16"
    prefix_bytes: int = 0
    memory_limit: int = 0


class EmbeddingBackend(Protocol):
    """Turns texts into unit vectors.

    `passes` threads may call it side by side, each with texts of its own; more than `pass_tokens` tokens in one call
    are no quicker than two calls, 0 where they always are. Without these it is called by one thread, with any number.
    """

    passes: int
    pass_tokens: int

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        """One vector a text, as little-endian float32 bytes; and the tokens read."""
        ...


class RerankBackend(Protocol):
    """Says how well documents answer a query."""

    def rerank(self, query: str, documents: list[str]) -> tuple[list[float], int]:
        """One score a document, higher is better; and the tokens read."""
        ...


class GenerationBackend(Protocol):
    """Writes text, a token at a time. `chat_template` is a Jinja template or empty; `special_tokens` are its variables.

    One that can change its threads has `write_with` and `writing_rate` too.
    """

    context: int
    chat_template: str
    special_tokens: Mapping[str, str]
    reused_tokens: int

    def tokenize(self, prompt: str) -> list[int]:
        """The tokens of a prompt, with those that begin every text of this model.

        Only the trusted characters of a `Traced` prompt may become special tokens; a plain `str` has none.
        """
        ...

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]:
        """The bytes of each token written, until the model ends; soon over once `cancelled` is set.

        `on_prompt` gets how many tokens of the prompt are read, of how many. `reused_tokens` is then how many were
        known.
        """
        ...

    def interrupt(self) -> None:
        """Leave what is being computed, from any thread; `generate` then ends."""
        ...

    def write_with(self, threads: int) -> None:
        """Write with so many threads from now on."""
        ...

    def writing_rate(self, threads: int, seconds: float) -> float:
        """Tokens per second with so many threads, measured for so long; nothing of them is kept."""
        ...

    def rest(self) -> None:
        """Do what is better done while nobody waits, after a generation."""
        ...


def load_backend(location: str, options: LoadOptions) -> Any:
    """Import `package.module:Class` and load a model with it. Raises ModelUnavailable."""
    module, _, name = location.partition(":")
    return getattr(importlib.import_module(module), name)(options)
