"""The port that search needs: an embedding model."""

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into unit vectors of 384 dimensions, as little-endian float32 bytes."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return one vector per text, in order. Raises Unavailable if there is no model."""
        ...

    def prepare(self) -> None:
        """Load the model, so that the next text does not have to wait. Does nothing if the model cannot be loaded."""
        ...

    @property
    def model(self) -> str:
        """The name of the model. The database stores it with the vectors."""
        ...
