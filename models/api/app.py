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
from models.api.error_responses import http_error, model_error, recursion_error, unexpected_error
from models.api.generation import create_chat_completion, create_completion
from models.errors import ModelError, NotPermitted
from models.runtime.metrics import Metrics
from models.runtime.model_runtime import ModelRuntime

MAX_BODY_BYTES = 16 * 2**20
OPEN_PATHS = frozenset({"/health"})


class Activity:
    """Records the time of the last request and counts requests by status. A runtime that exits when idle needs the time."""

    def __init__(self, metrics: Metrics) -> None:
        self.in_flight = 0
        self.last_request_at = time.monotonic()
        self._requests = metrics.requests

    @property
    def idle_s(self) -> float:
        return 0.0 if self.in_flight else time.monotonic() - self.last_request_at

    def middleware(self, app: ASGIApp) -> ASGIApp:
        async def track(scope: Scope, receive: Receive, send: Send) -> None:
            status = "cancelled"

            async def record_status(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            self.in_flight += 1
            try:
                await app(scope, receive, record_status)
            finally:
                self.in_flight -= 1
                self.last_request_at = time.monotonic()
                if scope["type"] == ScopeType.HTTP:
                    self._requests.labels(scope["path"].removeprefix("/v1/").split("/")[0] or "other", status).inc()

        return track


class Guard:
    """Accepts only requests with the bearer token. If the runtime has no token, rejects only requests of web pages.

    A runtime without a token listens on a socket or on the loopback.
    """

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
                raise NotPermitted("This runtime requires its token. Send `Authorization: Bearer TOKEN`.")
        elif b"origin" in headers:
            raise NotPermitted(
                "Web pages may not use this runtime. To allow web pages, start the runtime with a token."
            )


def create_app(runtime: ModelRuntime, activity: Activity, *, token: str = "") -> Litestar:
    """Return the web application of a runtime. If `token` is not empty, requests need it as their bearer token."""

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncGenerator[None, None]:
        served: ModelRuntime = app.state.runtime
        served.start()
        try:
            yield
        finally:
            await served.close()

    return Litestar(
        route_handlers=[*admin.HANDLERS, create_embeddings, create_rerank, create_chat_completion, create_completion],
        state=State({"runtime": runtime}),
        middleware=[activity.middleware, Guard(token).middleware],
        exception_handlers={
            ModelError: model_error,
            HTTPException: http_error,
            RecursionError: recursion_error,
            Exception: unexpected_error,
        },
        lifespan=[running],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )


async def watch_idleness(activity: Activity, idle_exit_s: float, stop: Callable[[], None]) -> None:
    """Call `stop` after `idle_exit_s` seconds without a request."""
    # No event tells that the runtime is idle. So each sleep lasts until the earliest time when the limit can be reached.
    while (remaining_s := idle_exit_s - activity.idle_s) > 0:  # noqa: ASYNC110 - time passes; there is no event
        await asyncio.sleep(max(remaining_s, 0.2))
    stop()
