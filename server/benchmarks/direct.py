"""Call a model directly in a process, as the baseline for the model runtime.

    python -m server.benchmarks.direct BACKEND OPTIONS

Each line on standard input is a request. Each line on standard output is the answer to one request:

- for a list of texts, the seconds to embed them;
- for `Batches`, the seconds to embed the texts in batches;
- for a `Generation`, the `TokenTimes`.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from models.backends import BACKENDS, LoadOptions, load_backend
from models.generation.sampling import Sampling


class Batches(msgspec.Struct, frozen=True, tag=True):
    """Texts to embed in batches of `size`, on as many threads as the backend supports."""

    texts: list[str]
    size: int


class Generation(msgspec.Struct, frozen=True, tag=True):
    """A prompt to continue, and the number of tokens to generate."""

    prompt: str
    tokens: int


class TokenTimes(msgspec.Struct, frozen=True):
    """Seconds to the first token, seconds from the first to the last token, and the number of tokens."""

    first_s: float
    rest_s: float
    tokens: int


def main() -> None:
    backend_name, options = sys.argv[1:]
    backend = load_backend(BACKENDS[backend_name], msgspec.json.decode(options, type=LoadOptions))
    for line in sys.stdin:
        request = msgspec.json.decode(line, type=list[str] | Batches | Generation)
        if isinstance(request, Generation):
            answer: TokenTimes | float = _generate(backend, request)
        else:
            answer = embed_batches(backend, request) if isinstance(request, Batches) else _embed(backend, request)
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


def _embed(backend: Any, texts: list[str]) -> float:
    start = time.perf_counter()
    backend.embed(texts)
    return time.perf_counter() - start


def embed_batches(backend: Any, request: Batches) -> float:
    """Return the seconds that embedding the texts took."""
    texts = sorted(request.texts, key=len)
    batches = [texts[at : at + request.size] for at in range(0, len(texts), request.size)]
    start = time.perf_counter()
    with ThreadPoolExecutor(backend.passes) as threads:
        list(threads.map(backend.embed, batches))
    return time.perf_counter() - start


def _generate(backend: Any, request: Generation) -> TokenTimes:
    start = first = time.perf_counter()
    count = 0
    tokens = backend.tokenize(request.prompt)
    sampling = Sampling(temperature=0, max_tokens=request.tokens)
    for _ in backend.generate(tokens, sampling, lambda _done, _total: None, threading.Event()):
        first = time.perf_counter() if count == 0 else first
        count += 1
        if count == request.tokens:
            break
    return TokenTimes(first - start, time.perf_counter() - first, count)


if __name__ == "__main__":
    main()
