"""Clients that disconnect during a request are detected."""

import asyncio
import logging
from typing import Any

from server.http.disconnects import ClientErrorFilter, has_disconnected, noting_disconnects


def scope_after(*messages: dict[str, Any]) -> Any:
    incoming = iter(messages)

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in messages:
            await receive()

    async def receive() -> Any:
        return next(incoming)

    async def send(_message: Any) -> None:
        raise AssertionError("The application sends nothing.")

    scope: Any = {"type": "http", "state": {}}

    async def answer() -> None:
        await noting_disconnects(app)(scope, receive, send)

    asyncio.run(answer())
    return scope


def test_a_client_that_sent_its_request_is_connected() -> None:
    assert not has_disconnected(scope_after({"type": "http.request", "body": b"", "more_body": False}))


def test_a_client_that_closed_its_connection_is_disconnected() -> None:
    part = {"type": "http.request", "body": b"{", "more_body": True}
    assert has_disconnected(scope_after(part, {"type": "http.disconnect"}))


def test_client_errors_are_not_logged_and_server_errors_are() -> None:
    def record(error: BaseException) -> logging.LogRecord:
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "failed", None, (type(error), error, None))

    assert not ClientErrorFilter().filter(record(UnicodeDecodeError("utf-8", b"", 0, 1, "invalid start byte")))
    assert not ClientErrorFilter().filter(record(asyncio.CancelledError("the server ends")))
    assert ClientErrorFilter().filter(record(ValueError("ours")))
    assert ClientErrorFilter().filter(logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "started", None, None))
