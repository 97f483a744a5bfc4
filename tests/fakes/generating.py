"""Answers of a backend in this process."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from models.generation.sampling import Sampling

GREEDY = Sampling(temperature=0)


class Generator(Protocol):
    """The part of a backend that generates an answer."""

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]: ...


def ignore(_done: int, _total: int) -> None:
    """Ignore the progress of reading a prompt."""


def write(
    backend: Generator,
    tokens: list[int],
    *,
    length: int = 5,
    sampling: Sampling = GREEDY,
    on_prompt: Callable[[int, int], None] = ignore,
    cancelled: threading.Event | None = None,
) -> str:
    """Return the next `length` tokens as text; fewer if the generation ends before."""
    pieces = backend.generate(tokens, sampling, on_prompt, cancelled or threading.Event())
    return b"".join(itertools.islice(pieces, length)).decode()
