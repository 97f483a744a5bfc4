"""The runtime as a web application."""

import asyncio
import hmac
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from models.api import admin
from models.api.embeddings import create_embeddings, create_rerank
from models.api.error_responses import fault, http_error, model_error, too_deep
from models.api.generation import create_chat_completion, create_completion
from models.errors import ModelError, NotPermitted
from models.runtime.metrics import Metrics
from models.runtime.model_runtime import ModelRuntime

MAX_BODY_BYTES = 16 * 2**20
OPEN_PATHS = frozenset({"/health"})


class Activity:
    """When the runtime was last of use, so that one started on demand knows when to go; and how requests ended."""

    def __init__(self, metrics: Metrics) -> None:
        self.in_flight = 0
        self.last = time.monotonic()
        self._requests = metrics.requests

    @property
    def idle_s(self) -> float:
        return 0.0 if self.in_flight else time.monotonic() - self.last

    def middleware(self, app: ASGIApp) -> ASGIApp:
        async def track(scope: Scope, receive: Receive, send: Send) -> None:
            status = "cancelled"

            async def note(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            self.in_flight += 1
            try:
                await app(scope, receive, note)
            finally:
                self.in_flight -= 1
                self.last = time.monotonic()
                if scope["type"] == ScopeType.HTTP:
                    self._requests.labels(scope["path"].removeprefix("/v1/").split("/")[0] or "other", status).inc()

        return track


class Guard:
    """Lets in whoever has the bearer token. Without one, on a socket or the loopback, no page of another site."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode() if token else b""

    def middleware(self, app: ASGIApp) -> ASGIApp:
        async def check(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == ScopeType.HTTP and scope["path"] not in OPEN_PATHS:
                self._check(dict(scope["headers"]))
            await app(scope, receive, send)

        return check

    def _check(self, headers: dict[bytes, bytes]) -> None:
        if self._expected:
            if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
                raise NotPermitted("This runtime wants its token: send `Authorization: Bearer TOKEN`.")
        elif b"origin" in headers:
            raise NotPermitted("Pages of a browser may not use this runtime. Start it with a token to allow it.")


def create_app(runtime: ModelRuntime, activity: Activity, *, token: str = "") -> Litestar:
    """The runtime; requests need `token` as their bearer token, if one is given."""

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncGenerator[None, None]:
        runtime.start()
        try:
            yield
        finally:
            await runtime.close()

    return Litestar(
        route_handlers=[*admin.HANDLERS, create_embeddings, create_rerank, create_chat_completion, create_completion],
        state=State({"runtime": runtime}),
        middleware=[activity.middleware, Guard(token).middleware],
        exception_handlers={
            ModelError: model_error,
            HTTPException: http_error,
            RecursionError: too_deep,
            Exception: fault,
        },
        lifespan=[running],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )


async def watch_idleness(activity: Activity, idle_exit_s: float, stop: Callable[[], None]) -> None:
    """Call `stop` once nothing was asked for `idle_exit_s` seconds."""
    # Idleness is the absence of events: the sleep ends when it could be reached.
    while (left := idle_exit_s - activity.idle_s) > 0:  # noqa: ASYNC110
        await asyncio.sleep(max(left, 0.2))
    stop()
