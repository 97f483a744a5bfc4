"""The client of a model runtime: the local runtime on its socket, or any server of the OpenAI protocol at an address.

If no runtime listens on the socket, the client starts a runtime. That runtime exits when it is idle.
"""

import base64
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from models.errors import ModelError, ModelUnavailable
from models.messages import (
    ChatChunk,
    ChatRequest,
    EmbeddingRequest,
    EmbeddingResponse,
    ErrorResponse,
    ModelList,
    ServiceTier,
    StreamOptions,
    Usage,
)
from models.runtime_process import START_TIMEOUT_S, StartOutcome, log_file, start_runtime

Result = TypeVar("Result")

POLL_S = 0.1
# The first embedding may have to wait until the model is exported.
EMBED_TIMEOUT_S = 700.0
CHAT_TIMEOUT_S = 600.0
# The number of texts per request. While an index is built, a query waits for one such request, about 0.2 s.
BATCH = 96


class Client:
    """A client of one runtime: the server at `address`, or if this is empty, the local runtime of `socket` and `folder`.

    `wait_for_start` is for a local runtime that another program starts: it returns how many seconds to wait. It returns
    None if this client starts the runtime.
    """

    def __init__(
        self,
        *,
        folder: Path,
        socket: Path,
        address: str = "",
        token: str = "",
        idle_exit_s: float = 300.0,
        wait_for_start: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._wait_for_start = wait_for_start
        self._folder, self._socket, self._address = folder, socket, address.rstrip("/")
        self._idle_exit_s = idle_exit_s
        self._starting = threading.Lock()
        self._base = self._address or "http://models"
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        # Reading the certificates takes longer than a short answer. So they are read once, and only for HTTPS.
        self._verify = ssl.create_default_context() if self._base.lower().startswith("https:") else False
        transport = None if self._address else httpx.HTTPTransport(uds=str(socket), verify=self._verify)
        self._http = httpx.Client(
            base_url=self._base,
            transport=transport,
            verify=self._verify,
            headers=self._headers,
            timeout=httpx.Timeout(EMBED_TIMEOUT_S, connect=5.0),
        )

    def embed(
        self, texts: Sequence[str], *, model: str, tier: ServiceTier | None = None, fresh: bool = False
    ) -> list[bytes]:
        """Return unit vectors as little-endian float32 bytes, in order. Raises ModelError.

        `flex` requests run after all others. With `fresh`, vectors are computed even if they are cached.
        """
        headers = {"cache-control": "no-cache"} if fresh else None
        vectors: list[bytes] = []
        for at in range(0, len(texts), BATCH):
            request = EmbeddingRequest(
                model=model, input=list(texts[at : at + BATCH]), encoding_format="base64", service_tier=tier
            )
            body = msgspec.json.decode(
                self._request("POST", "/v1/embeddings", request, headers), type=EmbeddingResponse
            )
            vectors += [base64.b64decode(item.embedding) for item in body.data if isinstance(item.embedding, str)]
        return vectors

    def admin(self, method: str, path: str, answer: type[Result]) -> Result:
        """Send a request to a path under `/admin/` and return the answer. Raises ModelError.

        Starts a local runtime if none is running.
        """
        return msgspec.json.decode(self._request(method, f"/admin/{path}", None), type=answer)

    def get(self, path: str, answer: type[Result]) -> Result:
        """Send a GET request to a path and return the answer. Starts a local runtime if none is running. Raises ModelError."""
        return msgspec.json.decode(self._request("GET", path, None), type=answer)

    def models(self) -> ModelList:
        """Return the models of the runtime. Raises ModelError."""
        return self.get("/v1/models", ModelList)

    def is_running(self) -> bool:
        """Return whether a runtime answers. Does not start a runtime."""
        try:
            return self._http.get("/health", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    async def stream_chat(
        self, request: ChatRequest, *, on_usage: Callable[[Usage], None] | None = None
    ) -> AsyncGenerator[str, None]:
        """Yield the pieces of an answer as they are generated. Closing the iterator stops the model. Raises ModelError.

        `on_usage` gets the token counts at the end. A piece may consist of several tokens.
        """
        request.stream = True
        request.stream_options = StreamOptions(include_usage=True) if on_usage else None
        transport = None if self._address else httpx.AsyncHTTPTransport(uds=str(self._socket), verify=self._verify)
        timeout = httpx.Timeout(CHAT_TIMEOUT_S, connect=5.0)
        async with httpx.AsyncClient(
            base_url=self._base, transport=transport, verify=self._verify, headers=self._headers, timeout=timeout
        ) as http:
            content = msgspec.json.encode(request)
            try:
                async with http.stream("POST", "/v1/chat/completions", content=content) as response:
                    if not response.is_success:
                        raise _error(response.status_code, await response.aread())
                    async for line in response.aiter_lines():
                        if line.startswith("data: ") and line != "data: [DONE]":
                            piece = _piece(line.removeprefix("data: ").encode(), on_usage)
                            if piece:
                                yield piece
            except httpx.HTTPError as error:
                raise ModelUnavailable(
                    f"The connection to the model runtime was lost: {error or type(error).__name__}."
                ) from error

    def ensure_running(self) -> None:
        """Start the local runtime if none listens on its socket. Raises ModelUnavailable."""
        if self._address or self.is_running():
            return
        wait_s = self._wait_for_start()
        if wait_s is not None:
            self._wait_for_another_start(wait_s)
            return
        with self._starting:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not self.is_running():
                outcome = start_runtime(self._folder, self._socket, self._idle_exit_s)
                # If another process starts a runtime at the same time, the runtime that this client started exits. Then
                # this client waits for the other runtime.
                is_too_late = outcome is StartOutcome.LEFT_TO_ANOTHER and time.monotonic() > deadline
                if outcome is StartOutcome.FAILED or is_too_late:
                    raise ModelUnavailable(
                        f"The model runtime did not start. The reason is in {log_file(self._folder)}."
                    )

    def close(self) -> None:
        self._http.close()

    def _wait_for_another_start(self, wait_s: float) -> None:
        """Wait for a runtime that another program starts. Raises ModelUnavailable."""
        pause, deadline = threading.Event(), time.monotonic() + wait_s
        while not self.is_running():
            if time.monotonic() >= deadline:
                raise ModelUnavailable("The model runtime is not running.")
            pause.wait(POLL_S)

    def _request(
        self, method: str, path: str, body: msgspec.Struct | None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        content = msgspec.json.encode(body) if body is not None else None
        request = self._http.build_request(method, path, content=content, headers=headers)
        try:
            response = self._http.send(request)
        except httpx.ConnectError:
            self.ensure_running()
            response = self._send_again(request)
        except httpx.HTTPError as error:
            raise ModelUnavailable(f"The model runtime did not answer: {error or type(error).__name__}.") from error
        if not response.is_success:
            raise _error(response.status_code, response.content)
        return response.content

    def _send_again(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.HTTPError as error:
            raise ModelUnavailable(
                f"The model runtime at {self._address or self._socket} cannot be reached."
            ) from error


def _piece(data: bytes, on_usage: Callable[[Usage], None] | None) -> str | None:
    try:
        chunk = msgspec.json.decode(data, type=ChatChunk)
        choices = chunk.choices
        if on_usage and chunk.usage:
            on_usage(chunk.usage)
        return choices[0].delta.content if choices else None
    except msgspec.ValidationError:
        raise _error(500, data) from None


def _error(status: int, body: bytes) -> ModelError:
    try:
        message = msgspec.json.decode(body, type=ErrorResponse).error.message
    except msgspec.MsgspecError:
        message = f"The model runtime answered with status {status}."
    error = ModelUnavailable(message) if status >= 500 else ModelError(message)
    error.status = status
    return error
