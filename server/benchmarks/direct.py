"""A model called directly in a process, for what the runtime adds to it to be seen.

    python -m server.benchmarks.direct BACKEND OPTIONS

Each line on standard input is a request, each line on standard output its answer: for a list of texts the seconds that
embedding them took; for `{"prompt": …, "tokens": …}` the seconds to the first token, and from there to the last.
"""

import sys
import threading
import time
from typing import Any

import msgspec

from models.backends import BACKENDS, LoadOptions, load_backend
from models.generation.sampling import Sampling


class Generation(msgspec.Struct, frozen=True):
    """A prompt to go on from, for so many tokens."""

    prompt: str
    tokens: int


class Timed(msgspec.Struct, frozen=True):
    """Seconds to the first token, seconds from it to the last, and tokens in all."""

    first_s: float
    rest_s: float
    tokens: int


def main() -> None:
    backend_name, options = sys.argv[1:]
    backend = load_backend(BACKENDS[backend_name], msgspec.json.decode(options, type=LoadOptions))
    for line in sys.stdin:
        request = msgspec.json.decode(line, type=list[str] | Generation)
        answer = _generate(backend, request) if isinstance(request, Generation) else _embed(backend, request)
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


def _embed(backend: Any, texts: list[str]) -> float:
    began = time.perf_counter()
    backend.embed(texts)
    return time.perf_counter() - began


def _generate(backend: Any, request: Generation) -> Timed:
    began = first = time.perf_counter()
    count = 0
    tokens = backend.tokenize(request.prompt)
    sampling = Sampling(temperature=0, max_tokens=request.tokens)
    for _ in backend.generate(tokens, sampling, lambda _done, _total: None, threading.Event()):
        first = time.perf_counter() if count == 0 else first
        count += 1
        if count == request.tokens:
            break
    return Timed(first - began, time.perf_counter() - first, count)


if __name__ == "__main__":
    main()
