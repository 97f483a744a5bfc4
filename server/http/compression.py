"""Answers are compressed with gzip; large ones in a thread, so that the event loop serves others meanwhile."""

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, cast

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

SMALLEST_BYTES, LEVEL = 1_000, 6
# A megabyte takes some 20 ms; this much takes less than a switch of threads is worth.
IN_PLACE_BYTES = 32_768
# Twice as fast, for answers a tenth larger.
LEVEL_OF_LARGE = 3


def compressing_in(threads: Executor) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware that compresses whole answers, large ones in these threads.

    An answer in pieces, such as a stream of events, is sent as it is.
    """
    return lambda app: _compressing(app, threads)


def _compressing(app: ASGIApp, threads: Executor) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or "gzip" not in Headers.from_scope(scope).get("accept-encoding", ""):
            await app(scope, receive, send)
            return
        start: HTTPResponseStartEvent | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] == "http.response.body" and start is not None:
                head, start = start, None
                body, is_whole = message.get("body", b""), not message.get("more_body", False)
                if is_whole and _is_worth_it(head, body):
                    body = await _compress(body, threads)
                    message = cast("Message", {**message, "body": body})
                    _describe(head, len(body))
                await send(head)
            await send(message)

        await app(scope, receive, cast("Send", send_compressed))

    return middleware


def _is_worth_it(head: HTTPResponseStartEvent, body: bytes) -> bool:
    return len(body) >= SMALLEST_BYTES and "content-encoding" not in MutableScopeHeaders.from_message(head)


async def _compress(body: bytes, threads: Executor) -> bytes:
    if len(body) <= IN_PLACE_BYTES:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.get_running_loop().run_in_executor(
        threads, partial(gzip.compress, body, LEVEL_OF_LARGE, mtime=0)
    )


def _describe(head: HTTPResponseStartEvent, length: int) -> None:
    headers: Any = MutableScopeHeaders.from_message(head)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(length)
    headers.extend_header_value("vary", "Accept-Encoding")
