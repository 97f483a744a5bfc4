"""What search needs from a model."""

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into unit vectors of 384 dimensions, as little-endian float32 bytes."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text, in order. Raises Unavailable where no model can be had."""
        ...

    def prepare(self) -> None:
        """Have the model loaded, so that the next text need not wait for it. Does nothing where that cannot be."""
        ...

    @property
    def model(self) -> str:
        """The name of the model, which is kept with the vectors it made."""
        ...
