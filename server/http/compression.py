"""Answers are compressed with gzip; large ones in a thread, so that the event loop serves others meanwhile."""

import asyncio
import gzip
import re
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, cast

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

# Level 3 takes half the time of level 6, for answers a tenth larger.
SMALLEST_BYTES, LEVEL = 1_000, 3
# A megabyte takes about 12 ms, 64 KB less than 1 ms. Another thread may wait 4 ms for a core if other programs are busy.
IN_PLACE_BYTES = 65_536
# An answer that comes in pieces is gathered up to this size, such as a file of ours.
MAX_GATHERED_BYTES = 2**20

_GZIP = re.compile(r"(?:^|[,\s])gzip\s*(?:;\s*q\s*=\s*(?P<quality>[0-9.]+))?\s*(?:,|$)", re.IGNORECASE)


def compressing_in(threads: Executor) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware that compresses answers of a known length, large ones in these threads.

    An answer whose length is not known, such as a stream of events, is sent as it comes.
    """
    return lambda app: _compressing(app, threads)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header accepts gzip (RFC 9110, 12.5.3)."""
    found = _GZIP.search(header)
    return found is not None and bool((found["quality"] or "1").strip("0."))


def _compressing(app: ASGIApp, threads: Executor) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        is_accepted = accepts_gzip(Headers.from_scope(scope).get("accept-encoding", ""))
        await app(scope, receive, cast("Send", _Answer(send, threads, is_accepted=is_accepted)))

    return middleware


class _Answer:
    """The `send` of one request."""

    def __init__(self, send: Send, threads: Executor, *, is_accepted: bool) -> None:
        self._send, self._threads, self._is_accepted = send, threads, is_accepted
        self._start: HTTPResponseStartEvent | None = None
        self._gathered = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_compressed(message):
            MutableScopeHeaders.from_message(message).extend_header_value("vary", "Accept-Encoding")
            if self._is_accepted:
                self._start = message
                return
        if message["type"] == "http.response.body" and self._start is not None:
            self._gathered += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_whole(self._start, bytes(self._gathered))
            return
        await self._send(message)

    async def _send_whole(self, start: HTTPResponseStartEvent, body: bytes) -> None:
        # A HEAD request has a length without a body.
        if body:
            body = await self._compress(body)
            headers: Any = MutableScopeHeaders.from_message(start)
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send(cast("Message", {"type": "http.response.body", "body": body, "more_body": False}))

    async def _compress(self, body: bytes) -> bytes:
        if len(body) <= IN_PLACE_BYTES:
            return gzip.compress(body, LEVEL, mtime=0)
        call = partial(gzip.compress, body, LEVEL, mtime=0)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _may_be_compressed(start: HTTPResponseStartEvent) -> bool:
    headers = MutableScopeHeaders.from_message(start)
    length = headers.get("content-length", "")
    is_small_or_unknown = not length.isdigit() or not SMALLEST_BYTES <= int(length) <= MAX_GATHERED_BYTES
    return not is_small_or_unknown and "content-encoding" not in headers
