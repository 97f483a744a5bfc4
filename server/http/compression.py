"""Compress answers with gzip. Large answers are compressed in a thread, so that they do not block the event loop."""

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

# Compression level 3 takes half the time of level 6; its output is 10% larger.
MIN_BYTES, LEVEL = 1_000, 3
# Compression takes less than 1 ms for 64 KB, but about 12 ms for 1 MB. A thread can wait 4 ms for a core on a busy machine.
IN_PLACE_BYTES = 65_536
# An answer in several parts, such as a static file, is collected before it is compressed. Larger answers are not compressed.
MAX_GATHERED_BYTES = 2**20

_GZIP = re.compile(r"(?:^|[,\s])gzip\s*(?:;\s*q\s*=\s*(?P<quality>[0-9.]+))?\s*(?:,|$)", re.IGNORECASE)


def compressing_in(threads: Executor) -> Callable[[ASGIApp], ASGIApp]:
    """Return middleware that compresses answers of known length. Large answers are compressed in `threads`.

    An answer of unknown length, such as an event stream, is sent uncompressed and without delay.
    """
    return lambda app: _compressing(app, threads)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header accepts gzip (RFC 9110, 12.5.3)."""
    match = _GZIP.search(header)
    return match is not None and bool((match["quality"] or "1").strip("0."))


def _compressing(app: ASGIApp, threads: Executor) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        is_accepted = accepts_gzip(Headers.from_scope(scope).get("accept-encoding", ""))
        await app(scope, receive, cast("Send", _Answer(send, threads, is_accepted=is_accepted)))

    return middleware


class _Answer:
    """The `send` function of one request, with compression."""

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
        # An answer to HEAD has a length but no body.
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
    is_small_or_unknown = not length.isdigit() or not MIN_BYTES <= int(length) <= MAX_GATHERED_BYTES
    return not is_small_or_unknown and "content-encoding" not in headers
