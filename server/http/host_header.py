"""The Host header: a request must have exactly one valid Host header; otherwise the answer is 400.

Redirects and the origin check use this header. If a request had two Host headers, a proxy and this server could use different
headers (RFC 9112, 3.2).
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from server.http.problems import PROBLEM_MEDIA_TYPE, Problem

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
Send = Callable[[Any], Awaitable[None]]

_HOST = re.compile(rb"(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PROBLEM = Problem(
    title="Bad Request",
    status=400,
    detail="The request must have exactly one Host header, with the name or the address of this server.",
)
# Some servers cannot answer a WebSocket handshake with 400. This code closes the socket, and such servers answer with 403.
_POLICY = 1008


def has_one_host(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request has exactly one Host header, and this header is valid."""
    hosts = [value for name, value in headers if name.lower() == b"host"]
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def requiring_one_host(app: ASGIApp) -> ASGIApp:
    """Wrap an application. A request without exactly one valid Host header gets 400 and does not reach the application."""

    async def application(scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan" or has_one_host(scope["headers"]):
            await app(scope, receive, send)
        else:
            await _refuse(scope, send)

    return application


async def _refuse(scope: Any, send: Send) -> None:
    body = msgspec.json.encode(_PROBLEM)
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        await send({"type": "websocket.http.response.start", "status": 400, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
    else:
        await send({"type": "websocket.close", "code": _POLICY, "reason": _PROBLEM.detail})
