"""The embedder of `scripture` and the writer of `study`, served by the model runtime."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor

from appliance.errors import Unavailable
from appliance.study.ports import ChatTurn
from models.client import Client
from models.errors import ModelError
from models.messages import ChatMessage, ChatRequest, ServiceTier


class ModelRuntimeUnavailable(Unavailable):
    """The model runtime cannot serve a request."""


class RuntimeEmbedder:
    """The embedder of `scripture`. With `patient`, all other requests have priority over its requests.

    With `fresh`, the runtime computes vectors even if they are in its cache; measurements need this.
    """

    def __init__(self, client: Client, model: str, *, patient: bool = False, fresh: bool = False) -> None:
        self._client, self._fresh = client, fresh
        self._tier = ServiceTier.FLEX if patient else None
        self.model = model

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        try:
            return self._client.embed(texts, model=self.model, tier=self._tier, fresh=self._fresh)
        except ModelError as error:
            raise ModelRuntimeUnavailable(error.message) from error

    def prepare(self) -> None:
        with contextlib.suppress(ModelError):
            # If the runtime answered with a cached vector, it would not load the model.
            self._client.embed(["ready"], model=self.model, fresh=True)


class RuntimeWriter:
    """The writer of `study`. `preferred` is the name of a chat model; if it is empty, the newest chat model is used."""

    def __init__(self, client: Client, preferred: str) -> None:
        self._client, self._preferred = client, preferred
        self._starting = ThreadPoolExecutor(1, thread_name_prefix="model runtime")

    def model(self) -> str | None:
        try:
            cards = sorted(self._client.models().data, key=lambda card: -card.created)
        except ModelError as error:
            raise ModelRuntimeUnavailable(error.message) from error
        names = [card.id for card in cards if card.role == "chat"]
        return self._preferred if self._preferred in names else next(iter(names), None)

    async def write(
        self, turns: Sequence[ChatTurn], *, model: str, max_tokens: int, user: str = ""
    ) -> AsyncGenerator[str, None]:
        messages = [ChatMessage(role=turn.role, content=turn.content) for turn in turns]
        request = ChatRequest(model=model, messages=messages, max_tokens=max_tokens, temperature=0.2, user=user or None)
        try:
            # The runtime may take a minute to start, so this call has its own thread and does not block the shared threads.
            await asyncio.get_running_loop().run_in_executor(self._starting, self._client.ensure_running)
            async for piece in self._client.stream_chat(request):
                yield piece
        except ModelError as error:
            raise ModelRuntimeUnavailable(error.message) from error
