"""The libraries that run models, one file each. A backend is a class with the shape of one of these protocols."""

from collections.abc import Generator
from typing import Protocol

from models.messages import ChatRequest


class EmbeddingBackend(Protocol):
    """Turns texts into unit vectors."""

    def embed(self, texts: list[str]) -> list[bytes]:
        """One vector a text, as little-endian float32 bytes."""
        ...


class ChatBackend(Protocol):
    """Writes text, a piece at a time."""

    def stream_chat(self, request: ChatRequest) -> Generator[str, None, None]:
        """The pieces of the answer; closing the iterator stops the model."""
        ...
