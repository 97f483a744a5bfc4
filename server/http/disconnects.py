"""Keep client errors out of the log: clients that disconnect during a request, and WebSocket frames that are not UTF-8."""

import asyncio
import logging

from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

_DISCONNECTED = "client_disconnected"


def noting_disconnects(app: ASGIApp) -> ASGIApp:
    """Return middleware that notes when a client disconnects before its request is answered."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_and_note() -> ReceiveMessage:
            message = await receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                scope["state"][_DISCONNECTED] = True
            return message

        await app(scope, receive_and_note, send)

    return middleware


def has_disconnected(scope: Scope) -> bool:
    """Whether the client of a request has disconnected. Errors after that are not logged."""
    return bool(scope.get("state", {}).get(_DISCONNECTED))


class ClientErrorFilter(logging.Filter):
    """Removes tracebacks from uvicorn's log if they show no server error: non-UTF-8 frames, requests cancelled at shutdown."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the log line shows an error of this server."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, UnicodeDecodeError | asyncio.CancelledError)
