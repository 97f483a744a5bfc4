"""A request to an ASGI application in the event loop of the test. The client may disconnect during the request."""

import asyncio
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send


class AsgiRequest:
    """A request with a JSON body. `status` is 0 until the answer begins. `content` is the part of the answer sent so far."""

    def __init__(self, app: ASGIApp, path: str, body: object) -> None:
        self._app, self._path = app, path
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "http.request", "body": msgspec.json.encode(body), "more_body": False})
        self.status = 0
        self.content = b""

    def disconnect(self) -> None:
        """Close the connection, as the client."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def run(self) -> None:
        """Run the application until it has finished the request."""
        await self._app(self._scope(), cast("Receive", self._receive), cast("Send", self._send))

    def _scope(self) -> Scope:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": self._path,
            "raw_path": self._path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "scheme": "http",
            "http_version": "1.1",
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
            "extensions": {},
        }
        return cast("HTTPScope", scope)

    async def _receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.content += message["body"]
            if not message["more_body"]:
                # After the answer, the application is told that the client has disconnected, as a server does.
                self.disconnect()
