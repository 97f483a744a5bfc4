"""Clients that disconnect during a request or do not send UTF-8: they are no faults of the server, so the log has no line."""

import asyncio
import logging

from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

_LEFT = "client_left"


def noting_departures(app: ASGIApp) -> ASGIApp:
    """Middleware that remembers when a client leaves before its request is answered."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted() -> ReceiveMessage:
            message = await receive()
            if message["type"] in ("http.disconnect", "websocket.disconnect"):
                scope["state"][_LEFT] = True
            return message

        await app(scope, noted, send)

    return middleware


def has_left(scope: Scope) -> bool:
    """Whether the client of a request has left; an error after that is not worth a line of the log."""
    return bool(scope.get("state", {}).get(_LEFT))


class ClientFaults(logging.Filter):
    """Keeps tracebacks out of uvicorn's log that are about no error: of a frame that is not UTF-8, of a request at the end."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is about an error of this server."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, UnicodeDecodeError | asyncio.CancelledError)
