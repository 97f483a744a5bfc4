"""Clients that leave amid a request are remembered as such."""

import asyncio
import logging
from typing import Any

from server.http.departures import ClientFaults, has_left, noting_departures


def scope_after(*messages: dict[str, Any]) -> Any:
    coming = iter(messages)

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in messages:
            await receive()

    async def receive() -> Any:
        return next(coming)

    async def send(_message: Any) -> None:
        raise AssertionError("Nothing is sent.")

    scope: Any = {"type": "http", "state": {}}

    async def answer() -> None:
        await noting_departures(app)(scope, receive, send)

    asyncio.run(answer())
    return scope


def test_a_client_that_sent_all_has_not_left() -> None:
    assert not has_left(scope_after({"type": "http.request", "body": b"", "more_body": False}))


def test_a_client_that_closed_its_connection_has_left() -> None:
    part = {"type": "http.request", "body": b"{", "more_body": True}
    assert has_left(scope_after(part, {"type": "http.disconnect"}))


def test_a_frame_that_is_not_utf_8_is_kept_out_of_the_log_and_our_own_errors_are_not() -> None:
    def record(error: BaseException) -> logging.LogRecord:
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "failed", None, (type(error), error, None))

    assert not ClientFaults().filter(record(UnicodeDecodeError("utf-8", b"", 0, 1, "invalid start byte")))
    assert not ClientFaults().filter(record(asyncio.CancelledError("the server ends")))
    assert ClientFaults().filter(record(ValueError("ours")))
    assert ClientFaults().filter(logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "started", None, None))
