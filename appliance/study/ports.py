"""The ports that answers need: a search for passages, and a chat model."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

import msgspec

from appliance.scripture.search.hits import Results, Search


class ChatTurn(msgspec.Struct, frozen=True):
    """One message to a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


class PassageFinder(Protocol):
    """A search of the library."""

    def search(self, search: Search) -> Results:
        """Return the best verses for a query. This call blocks, and may raise an ApplianceError."""
        ...


class AnswerWriter(Protocol):
    """A chat model, if a model is available."""

    def model(self) -> str | None:
        """Return the name of the current model, or None. This call may block. Raises Unavailable."""
        ...

    def write(
        self, turns: Sequence[ChatTurn], *, model: str, max_tokens: int, user: str = ""
    ) -> AsyncGenerator[str, None]:
        """Yield the pieces of an answer. Closing the iterator stops the model. Users take turns. Raises Unavailable."""
        ...
