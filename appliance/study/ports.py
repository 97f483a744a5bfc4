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
        """The best verses for a query. It blocks, and may raise an ApplianceError."""
        ...


class AnswerWriter(Protocol):
    """A chat model, if one is available."""

    def model(self) -> str | None:
        """The name of the current model, or None. It may block. Raises Unavailable."""
        ...

    def write(
        self, turns: Sequence[ChatTurn], *, model: str, max_tokens: int, user: str = ""
    ) -> AsyncGenerator[str, None]:
        """The pieces of an answer. Closing the iterator stops the model. Users are served in turn. Raises Unavailable."""
        ...
